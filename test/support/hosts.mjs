// Two hosts on this machine: network namespaces, joined by a cable, of a user who need not be root.
import { spawn } from "node:child_process";
import process from "node:process";

const script = `
  set -e
  unshare -n sleep 900 & other=$!
  while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
  ip link set lo up
  ip link add c0 type veth peer name c1 netns $other
  ip addr add 10.213.7.1/30 dev c0
  ip link set c0 up
  nsenter -n -t $other ip link set lo up
  nsenter -n -t $other ip addr add 10.213.7.2/30 dev c1
  nsenter -n -t $other ip link set c1 up
  echo ready $$ $other
  wait
`;

/**
 * The hosts: `on`, the prefix that starts a command on each, their `addresses`, and `remove()`;
 * null if this system forbids them.
 */
export async function twoHosts() {
  const child = spawn("unshare", ["-Urn", "bash", "-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pids = await new Promise((resolve) => {
    child.on("error", () => resolve(null));
    child.on("exit", () => resolve(null));
    let text = "";
    child.stdout.on("data", (more) => {
      text += more;
      const found = /ready (\d+) (\d+)/.exec(text);
      if (found) resolve(found.slice(1));
    });
  });
  return (
    pids && {
      on: pids.map((pid) => ["nsenter", "-U", "-n", "-t", pid]),
      addresses: ["10.213.7.1", "10.213.7.2"],
      remove: () => process.kill(-child.pid, "SIGKILL"),
    }
  );
}
