import type { PackingRule, Project, ProjectVersion, SendingLimits } from "../../project/types.ts";
import { authSchema } from "../../project/auth.ts";
import type { IngestDeps } from "../index.ts";

const packing: PackingRule = {
  count: 1,
  windowMs: undefined,
  bytes: undefined,
  groupBy: undefined,
};

/**
 * Projects 1 (versions "0.1" and "0.2", which groups by device), 2 (paused) and 2^63-1.
 *
 * @param auth as a project file has it
 * @param limits of project 1
 */
export function someProjects(
  auth?: unknown,
  limits?: Partial<SendingLimits>,
): IngestDeps["projects"] {
  const rules = auth === undefined ? undefined : authSchema.parse(auth);
  const project = (id: bigint, paused: boolean): Project => {
    const version = (name: string, rule: PackingRule): [string, ProjectVersion] => [name, {
      projectId: id,
      version: name,
      vmType: "halo2",
      program: { vmType: "halo2", code: new Uint8Array(), param: "", programId: "0x" },
      outputs: [{ type: "stdout" }],
      packing: rule,
      redundancy: 1,
      timeoutSeconds: 60,
      attempts: 3,
      retentionSeconds: undefined,
      provers: { allow: undefined, remote: false },
      ...(rules ? { auth: rules } : {}),
      ...(limits && id === 1n ? { limits: limits as SendingLimits } : {}),
    }];
    return {
      id,
      source: "directory",
      uri: "",
      hash: undefined,
      paused,
      defaultVersion: "0.1",
      versions: new Map([
        version("0.1", packing),
        version("0.2", { ...packing, groupBy: "device" }),
      ]),
      problem: undefined,
    };
  };
  const list = [project(1n, false), project(2n, true), project((1n << 63n) - 1n, false)];
  const get = (id: bigint) => list.find((p) => p.id === id);
  return {
    get,
    list: () => list,
    version: (id, version) => get(id)?.versions.get(version),
    canOperate: (_, account) => Promise.resolve(account === identity.operator),
  };
}

export const identity = {
  projectContract: "0x02feBE78F3A740b3e9a1CaFAA1b23a2ac0793D26",
  operator: "0x00000000000000000000000000000000000000AA",
  solanaOperator: undefined,
} as const;
