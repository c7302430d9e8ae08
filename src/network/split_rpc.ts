/** What gossip says to one peer at once, in parts that the peer does not refuse for their size. */

/** Most entries of a kind in one part; a peer takes twice as many, see the host's limits. */
const most = { entries: 128, messages: 32, ids: 256 };

interface Ids {
  readonly messageIDs: readonly Uint8Array[];
}
interface Control {
  readonly ihave?: readonly (Ids & { readonly topicID?: string })[];
  readonly iwant?: readonly Ids[];
  readonly graft?: readonly unknown[];
  readonly prune?: readonly unknown[];
  readonly idontwant?: readonly Ids[];
}
/** Of the library's RPC, what a part can have. */
export interface Rpc {
  readonly subscriptions?: readonly unknown[];
  readonly messages?: readonly unknown[];
  readonly control?: Control;
}

/** The same in their order: subscriptions come before what is about their topics. */
export function splitRpc<T extends Rpc>(rpc: T): T[] {
  if (small(rpc)) return [rpc];
  const { subscriptions = [], messages = [], control = {} } = rpc;
  const { ihave = [], iwant = [], graft = [], prune = [], idontwant = [] } = control;
  const none = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] };
  const only = (part: Control) => ({ control: { ...none, ...part } });
  const parts: Rpc[] = [
    ...chunks(subscriptions, most.entries).map((subscriptions) => ({ subscriptions })),
    ...chunks(graft, most.entries).map((graft) => only({ graft })),
    ...chunks(prune, most.entries).map((prune) => only({ prune })),
    ...chunks(messages, most.messages).map((messages) => ({ messages })),
    ...byIds(ihave).map((ihave) => only({ ihave })),
    ...byIds(iwant).map((iwant) => only({ iwant })),
    ...byIds(idontwant).map((idontwant) => only({ idontwant })),
  ];
  return parts.map((part) =>
    ({ ...rpc, subscriptions: [], messages: [], control: undefined, ...part }) as T
  );
}

function small({ subscriptions = [], messages = [], control = {} }: Rpc): boolean {
  const { ihave = [], iwant = [], graft = [], prune = [], idontwant = [] } = control;
  const ids = [...ihave, ...iwant, ...idontwant];
  const entries = [subscriptions, ihave, iwant, graft, prune, idontwant];
  return messages.length <= most.messages &&
    entries.reduce((sum, list) => sum + list.length, 0) <= most.entries &&
    ids.reduce((sum, { messageIDs }) => sum + messageIDs.length, 0) <= most.ids;
}

/** Entries of at most so many ids together. */
function byIds<E extends Ids>(entries: readonly E[]): E[][] {
  const parts: E[][] = [];
  let room = 0;
  for (const entry of entries) {
    for (const messageIDs of chunks(entry.messageIDs, most.ids)) {
      const last = parts.at(-1);
      if (last && messageIDs.length <= room && last.length < most.entries) {
        last.push({ ...entry, messageIDs });
        room -= messageIDs.length;
      } else {
        parts.push([{ ...entry, messageIDs }]);
        room = most.ids - messageIDs.length;
      }
    }
  }
  return parts;
}

const chunks = <E>(list: readonly E[], size: number): E[][] =>
  Array.from(
    { length: Math.ceil(list.length / size) },
    (_, i) => list.slice(i * size, (i + 1) * size),
  );
