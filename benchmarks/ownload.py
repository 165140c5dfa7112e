"""The load of `tidemark perf`, for machines without a load client; answers with the names of that client's JSON."""
import json
import socket
import subprocess
import time

import broker as brokers

OPTIONS = {"-records": "--records", "-size": "--size", "-acks": "--acks", "-codec": "--codec", "-batch": "--batch-size", "-rate": "--rate", "-seconds": "--seconds", "-busy-poll": "--busy-poll"}


def run(broker, kind, topic, arguments):
    given = dict(zip(arguments[::2], map(str, arguments[1::2])))
    if kind == "conns":
        return hold(broker, int(given["-n"]), float(given["-seconds"]))
    partitions, replicas, in_sync = given.pop("-partitions", None), given.pop("-rf", None), given.pop("-min-isr", None)
    if partitions or replicas:
        options = [*(["--partitions", partitions or "6"]), *(["--replication-factor", replicas] if replicas else []), *(["--config", f"min.insync.replicas={in_sync}"] if in_sync else [])]
        ask(broker, ["topics", "create", topic, *options])
    cpu_s = broker.cpu_s()
    made = ask(broker, ["perf", kind, topic, *(word for name, value in given.items() for word in (OPTIONS[name], value))])
    gigabytes = made["megabytesPerSecond"] * made["seconds"] / 1000
    found = {"mb_s": made["megabytesPerSecond"], "server_cpu_s_per_gb": (broker.cpu_s() - cpu_s) / gigabytes if gigabytes else 0}
    if kind == "latency":
        found.update({"p50_us": made["p50Ms"] * 1000, "p99_us": made["p99Ms"] * 1000})
    return found


def ask(broker, command):
    done = subprocess.run([brokers.LAUNCHER, *command, "--bootstrap-server", broker.bootstrap, "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"tidemark {' '.join(command)}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def hold(broker, count, seconds):
    """Connections that say nothing, and the broker's memory before and with them."""
    before = broker.rss_mb()
    held = [socket.create_connection(("127.0.0.1", broker.port)) for _ in range(count)]
    time.sleep(seconds)
    found = {"rss_before_mb": before, "server_rss_mb": broker.rss_mb()}
    for connection in held:
        connection.close()
    return found
