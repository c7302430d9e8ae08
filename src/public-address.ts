import { BlockList, isIP } from "node:net";

/** IPv4 that no stranger on the internet owns: IANA's special-purpose registry, RFC 6890. */
const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
/** IPv6 global unicast, RFC 4291; all else is local, mapped, translated, multicast or reserved. */
const global6 = ["2000::/3"];
/** Inside it: Teredo and other protocols, documentation, 6to4 (which carries any IPv4). */
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const list = (family: "ipv4" | "ipv6", subnets: readonly string[]) => {
  const block = new BlockList();
  for (const subnet of subnets) {
    const [net = "", prefix] = subnet.split("/");
    block.addSubnet(net, Number(prefix), family);
  }
  return block;
};
const blocked4 = list("ipv4", special4);
const allowed6 = list("ipv6", global6);
const blocked6 = list("ipv6", special6);

/** Whether an IP address, as text, is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !blocked4.check(address, "ipv4");
    case 6:
      return allowed6.check(address, "ipv6") && !blocked6.check(address, "ipv6");
    default:
      return false;
  }
}
