/** The project manager: chain or directory → IPFS or HTTP → config → program. */
export { createProjects, type ProjectChain, type ProjectsOptions } from "./manager.ts";
export { encodeOriginal, encodeProject } from "./encode.ts";
export type { Block, EncodedProject, ProjectDraft, VersionDraft } from "./encode.ts";
export { ProjectFileError } from "./errors.ts";
export { type ParseOptions, parseProjectFile, type ProjectFile } from "./file.ts";
export { type Ipfs, type IpfsOptions, openIpfs, parseCid } from "./ipfs.ts";
export type * from "./types.ts";
