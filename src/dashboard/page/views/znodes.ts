import type { Znodes } from "../../schema.ts";
import { ask } from "../api.ts";
import { h } from "../dom.ts";
import { coins, count, duration, id, timeAgo } from "../format.ts";
import { type Column, table } from "../parts/table.ts";
import type { Open } from "../view.ts";

type Znode = Znodes["znodes"][number];

const standings: Readonly<Record<Znode["standing"], string>> = {
  free: "has room for work",
  busy: "has as much as it takes",
  barred: "gets no work for now",
  resting: "refused work a moment ago",
  greeting: "linked, has not said what it offers",
  ineligible: "linked, may have no work",
  away: "not linked to this enode",
};

const columns: readonly Column<Znode>[] = [
  { name: "Znode", wide: true, cell: ({ prover }) => id(prover) },
  {
    name: "Standing",
    cell: ({ standing, reason }) => [
      h(
        "span",
        { class: "badge", "data-standing": standing, title: standings[standing] },
        standing,
      ),
      reason ? h("span", { class: "muted" }, ` ${reason}`) : null,
    ],
  },
  { name: "Stake", cell: ({ stake }) => stake === null ? "–" : coins(stake), number: true },
  {
    name: "Leases",
    cell: ({ leases, capacity }) => capacity === 0 ? "–" : `${leases} of ${capacity}`,
    number: true,
  },
  { name: "Machines", cell: ({ runtimes }) => runtimes.join(", ") || "–" },
  { name: "Proofs", cell: ({ proofs }) => count(proofs), number: true },
  {
    name: "Median",
    cell: ({ medianSeconds }) => medianSeconds === null ? "–" : duration(medianSeconds),
    number: true,
  },
  {
    name: "Last proof",
    cell: ({ lastProof }) => lastProof === null ? "–" : timeAgo(lastProof),
    number: true,
  },
];

export const znodes: Open = () => {
  const more = h("p", { class: "muted", hidden: true });
  const place = h("div");
  const list = table<Znode>("Znodes", columns, ({ prover }) => prover, "No znode is known.");
  const scored = table<Znode>(
    "Znodes",
    [...columns, { name: "Score", cell: ({ score = 0 }) => count(score), number: true }],
    ({ prover }) => prover,
    "No znode is known.",
  );
  place.append(list.element);
  return {
    title: "Znodes",
    elements: [
      h(
        "p",
        { class: "muted" },
        "Leases and standing are of this enode; proofs are those of the newest 2,000 of a day, of all enodes that share the database. Linked znodes come first, then those with the most at stake.",
      ),
      place,
      more,
    ],
    async load() {
      const found = await ask<Znodes>("/overview/znodes");
      const shown = found.znodes.some(({ score }) => score !== undefined) ? scored : list;
      if (place.firstChild !== shown.element) place.replaceChildren(shown.element);
      shown.show(found.znodes);
      more.hidden = found.more === 0;
      more.textContent = `${count(found.more)} more are not listed.`;
    },
  };
};
