const MiB = 1024 * 1024;

/** Bounds on what a stranger's project file may ask of a node. */
export const limits = {
  /** Bytes of a project file, or of one block of it. */
  fileBytes: 32 * MiB,
  /** Bytes of one decoded program. */
  programBytes: 64 * MiB,
  /** Bytes of all programs of a file together, decoded. */
  totalProgramBytes: 128 * MiB,
  /** Bytes of a packer program. */
  packerBytes: 4 * MiB,
  versions: 100,
  outputs: 16,
  /** Characters of `codeExpParam`. */
  paramLength: 64 * 1024,
  /** Characters of a contract's ABI. */
  abiLength: MiB,
  abiItems: 2000,
  /** Nesting of tuples in an ABI. */
  abiDepth: 8,
  messagesPerTask: 10_000,
  windowSeconds: 7 * 86_400,
  packBytes: 64 * MiB,
  redundancy: 100,
  timeoutSeconds: 86_400,
  attempts: 20,
  retentionSeconds: 10 * 365 * 86_400,
  allowedProvers: 1000,
  /** Characters of `auth` as JSON. */
  authLength: 512 * 1024,
  warnings: 20,
} as const;
