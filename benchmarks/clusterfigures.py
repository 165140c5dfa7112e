"""The figures of three nodes: replication factor 3, min.insync.replicas 2."""
import os
import signal
import time

import steady
from figures import IDLE_S, Figure, Group, from_send, load

REPLICATED = ["-rf", 3, "-min-isr", 2]
FAILOVER_S_MAX = 90
PARTITIONS = 1000


def absent():
    """The figures that cannot be measured here, and why."""
    return (WITH_LIBRDKAFKA, steady.absence()) if steady.absence() else ([], None)


def start(cluster, options):
    """Three formatted nodes to the first acks=all record; then what idling costs."""
    cluster.start()
    load(cluster, "produce", "first", "-records", 1000, *REPLICATED)
    cluster.wait_full("first")
    found = []
    for _ in range(2):
        cluster.stop()
        found.append(cluster.start_to_record("first"))
    time.sleep(4)
    before = cluster.cpu_s()
    time.sleep(IDLE_S)
    return {"three nodes, start to first acks=all record": min(found), "CPU of three idle nodes": max(cluster.cpu_s() - before, 0.01) / IDLE_S * 100,
            "RSS of three idle nodes": cluster.rss_mb()}


def throughput(cluster, options):
    """Each load once to warm up and once to count."""
    cluster.start()
    found = {}
    for turn in ("warm", "counted"):
        share = options.scale * (0.5 if turn == "warm" else 1)
        made = load(cluster, "produce", turn, "-size", 1000, "-records", max(int(500000 * share), 1000), *REPLICATED)
        found["produce 1000 B acks=all, CPU"], found["produce 1000 B acks=all, speed"] = made["server_cpu_s_per_gb"], made["mb_s"]
        late = load(cluster, "latency", f"latency-{turn}", "-size", 100, "-rate", 500, "-seconds", max(int(10 * share), 2), *REPLICATED)
        found["end to end p50"], found["end to end p99"] = late["p50_us"] / 1000, late["p99_us"] / 1000
        found.update(from_send(cluster, turn, share, *REPLICATED))
    return found


def kills(cluster, options):
    """kill -9 of a leader under load: how long writes stop, and how long until it is in every ISR again."""
    gaps, backs = disturb(cluster, "killed", signal.SIGKILL)
    return {"writes stop after kill -9 of a leader": max(gaps), "killed broker back in every ISR": max(backs)}


def rolling(cluster, options):
    """SIGTERM and start of each node in turn under load; a record that fails ends the run."""
    gaps, _ = disturb(cluster, "rolled", signal.SIGTERM)
    return {"writes stop in a rolling restart": max(gaps)}


def disturb(cluster, topic, how):
    cluster.start()
    steady.create_topic(cluster.bootstrap, topic, 6)
    cluster.wait_full(topic)
    writer = steady.Steady(cluster.bootstrap, topic, 6)
    time.sleep(3)
    gaps, backs = [], []
    for turn in range(3):
        leaders = cluster.leaders(topic)
        victim = cluster.nodes[leaders[turn % 6] - 1] if how == signal.SIGKILL else cluster.nodes[turn]
        led = [partition for partition, leader in leaders.items() if leader == victim.number]
        began = time.monotonic()
        os.kill(victim.pid, how)
        victim.process.wait(120)
        while led and not writer.acknowledged_since(led, began + 0.3):
            if time.monotonic() - began > FAILOVER_S_MAX:
                raise SystemExit(f"{cluster.side}: no acknowledgement within {FAILOVER_S_MAX} s")
            time.sleep(0.05)
        time.sleep(1)
        gaps.append(writer.longest_gap(range(6), began))
        restarted = time.monotonic()
        victim.launch()
        victim.wait_for(lambda: cluster.is_full(victim, topic))
        cluster.wait_full(topic)
        backs.append(time.monotonic() - restarted)
        gaps[-1] = max(gaps[-1], writer.longest_gap(range(6), began))
    writer.stop()
    return gaps, backs


def failover(cluster, options):
    """1,000 partitions; the node that leads a third of them is killed, and a producer that knows them writes to each."""
    cluster.start()
    count = max(int(PARTITIONS * options.scale), 30)
    steady.create_topic(cluster.bootstrap, "many", count)
    cluster.wait_full("many")
    victim = cluster.nodes[1]
    led = [partition for partition, leader in cluster.leaders("many").items() if leader == victim.number]
    return {"1,000 partitions, failover of those of one leader": steady.first_acknowledgements(cluster.bootstrap, "many", led, lambda: os.kill(victim.pid, signal.SIGKILL))}


ALL = [Figure("produce 1000 B acks=all, CPU", "s/GB", 0.1), Figure("produce 1000 B acks=all, speed", "MB/s", 4, True),
       Figure("end to end p50", "ms", 0.5), Figure("end to end p99", "ms", 0.25),
       Figure("from send to arrival p50", "ms", 0.5), Figure("from send to arrival p99", "ms", 0.25),
       Figure("from send to arrival, client polls, p50", "ms", 0.5), Figure("from send to arrival, client polls, p99", "ms", 0.25),
       Figure("CPU of three idle nodes", "% of a core", 0.1), Figure("RSS of three idle nodes", "MB", 0.16),
       Figure("writes stop after kill -9 of a leader", "s", 0.06), Figure("writes stop in a rolling restart", "s", 0.3),
       Figure("killed broker back in every ISR", "s", 0.15), Figure("three nodes, start to first acks=all record", "s", 0.12),
       Figure("1,000 partitions, failover of those of one leader", "s", 0.2)]

WITH_LIBRDKAFKA = ["writes stop after kill -9 of a leader", "writes stop in a rolling restart", "killed broker back in every ISR", "1,000 partitions, failover of those of one leader"]

GROUPS = [Group(["three nodes, start to first acks=all record", "CPU of three idle nodes", "RSS of three idle nodes"], start, 3),
          Group([figure.name for figure in ALL if figure.name.startswith(("produce", "end to end", "from send"))], throughput, 3),
          Group(["writes stop after kill -9 of a leader", "killed broker back in every ISR"], kills, 3),
          Group(["writes stop in a rolling restart"], rolling, 3),
          Group(["1,000 partitions, failover of those of one leader"], failover, 3)]
