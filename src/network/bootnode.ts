import { TopicValidatorResult } from "@libp2p/gossipsub";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Log } from "../log.ts";
import { checkGossipForm, projectTopic } from "../protocol/index.ts";
import { Dialler } from "./dial.ts";
import type { Host } from "./host.ts";
import type { PeerScores } from "./peer_scores.ts";

/** Most topics that are relayed at once. */
const mostTopics = 1_000;
const topicForm = new RegExp(`^${projectTopic(0n).replace("0", "\\d{1,20}")}$`);

/** Keeps connections to other boot nodes, and relays the topics that peers joined. */
export function keepBootnode(
  host: Host,
  others: readonly Multiaddr[],
  scores: PeerScores,
  log: Log,
) {
  const { pubsub } = host.services;
  const stop = new AbortController();
  const dialler = new Dialler(host, {
    link: () => Promise.reject(new Error("a boot node has no links")),
    minRedialMs: 250,
    maxRedialMs: 15_000,
    enodeMs: 600_000,
    log,
    signal: stop.signal,
  });
  dialler.keep(others);
  const follow = () => {
    for (const topic of pubsub.getTopics()) {
      if (pubsub.getSubscribers(topic).length > 0) continue;
      pubsub.unsubscribe(topic);
      pubsub.topicValidators.delete(topic);
    }
  };
  pubsub.addEventListener("subscription-change", ({ detail }) => {
    for (const { topic, subscribe } of detail.subscriptions) {
      const joined = pubsub.getTopics();
      if (!subscribe || !topicForm.test(topic) || joined.includes(topic)) continue;
      if (joined.length >= mostTopics) return;
      pubsub.topicValidators.set(
        topic,
        // Those that would refuse it must not think that it is this peer's.
        (peer, { data }) => {
          try {
            checkGossipForm(data);
            return TopicValidatorResult.Accept;
          } catch {
            scores.refused(peer.toString(), "malformed");
            return TopicValidatorResult.Reject;
          }
        },
      );
      pubsub.subscribe(topic);
    }
  });
  const timer = setInterval(follow, 60_000);
  return async () => {
    clearInterval(timer);
    stop.abort(new Error("the boot node stops"));
    await dialler.ended();
  };
}
