"""The figures that are measured, and how. Each group runs on a broker of its own with an empty directory."""
import json
import os
import subprocess
import time
from typing import Callable, NamedTuple, Optional

import ownload

IDLE_S = 10


class Figure(NamedTuple):
    name: str
    unit: str
    goal: Optional[float]  # ratio of Tidemark to Apache Kafka
    more_is_better: bool = False

    def reached(self, ratio):
        return ratio >= self.goal if self.more_is_better else ratio <= self.goal

    def goal_text(self):
        return "" if self.goal is None else f"{'≥' if self.more_is_better else '≤'} {self.goal}"


class Group(NamedTuple):
    names: list
    run: Callable
    nodes: int = 1


def load_name():
    return "loadgen" if os.environ.get("TIDEMARK_LOADGEN") else "tidemark perf"


def load(broker, kind, topic, *arguments):
    """One run of the load client, or of our own where there is none; its figures."""
    program = os.environ.get("TIDEMARK_LOADGEN")
    if not program:
        return ownload.run(broker, kind, topic, arguments)
    command = [program, kind, "-b", broker.bootstrap, "-t", topic, "-pids", broker.pids, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if found.get("failed"):
        raise SystemExit(f"{' '.join(command)}: {found['failed']} records failed")
    return found


def start(broker, options):
    """Process start to the first acknowledged record, on a directory with one topic; then what idling costs."""
    broker.start()
    load(broker, "produce", "first", "-records", 1000)
    broker.stop()
    found = {"start to first acknowledged record": broker.start("first")}
    broker.stop()
    found["start to first acknowledged record"] = min(found["start to first acknowledged record"], broker.start("first"))
    time.sleep(3)
    before = broker.cpu_s()
    time.sleep(IDLE_S)
    found["CPU of an idle broker"] = max(broker.cpu_s() - before, 0.01) / IDLE_S * 100
    found["RSS idle"] = broker.rss_mb()
    return found


PRODUCE = [("produce 1000 B acks=1", ["-size", 1000, "-acks", 1], 1000000), ("produce 100 B acks=all", ["-size", 100], 5000000),
           ("produce 100 B lz4", ["-size", 100, "-codec", "lz4"], 5000000)]


def throughput(broker, options):
    """Each load once to warm up and once to count; latency at a fixed rate; memory after all of it."""
    broker.start()
    found = {}
    for turn in ("warm", "counted"):
        share = options.scale * (0.3 if turn == "warm" else 1)
        for index, (name, arguments, records) in enumerate(PRODUCE):
            count = max(int(records * share), 1000)
            made = load(broker, "produce", f"{turn}{index}", *arguments, "-records", count)
            found[name + ", CPU"], found[name + ", speed"] = made["server_cpu_s_per_gb"], made["mb_s"]
            if index == 0:
                read = load(broker, "consume", f"{turn}{index}", "-records", count)
                found["consume, CPU"], found["consume, speed"] = read["server_cpu_s_per_gb"], read["mb_s"]
        late = load(broker, "latency", f"latency-{turn}", "-size", 100, "-rate", 500, "-seconds", max(int(10 * share), 2))
        found["end to end p50"], found["end to end p99"] = late["p50_us"] / 1000, late["p99_us"] / 1000
        found.update(from_send(broker, turn, share))
    found["RSS after the load"] = broker.rss_mb()
    return found


def from_send(broker, turn, share, *arguments):
    """
    Latency from the producer's call: without what a load client adds that counts from when a record was due and wakes up late. Once with a client that sleeps until
    something comes, as applications do, and once with one that polls its sockets: what is left then is the broker's.
    """
    found = {}
    for row, topic, how in (("from send to arrival", "sent", []), ("from send to arrival, client polls,", "polled", ["-busy-poll", "true"])):
        sent = ownload.run(broker, "latency", f"{topic}-{turn}", ["-partitions", 6, "-size", 100, "-rate", 500, "-seconds", max(int(10 * share), 2), *how, *arguments])
        found[f"{row} p50"], found[f"{row} p99"] = sent["p50_us"] / 1000, sent["p99_us"] / 1000
    return found


def partitions(broker, options):
    """2,000 partitions with data: a crash and a clean stop, each to the first acknowledged record."""
    broker.start()
    for topic in range(20):
        load(broker, "produce", f"many{topic}", "-partitions", 100, "-records", max(int(20000 * options.scale), 4000), "-size", 100, "-batch", 1000)
    broker.kill()
    found = {"2,000 partitions, after kill -9": broker.start("many0")}
    broker.stop()
    found["2,000 partitions, after a clean stop"] = broker.start("many0")
    return found


def connections(broker, options):
    """Idle connections, and the memory that each takes."""
    broker.start()
    time.sleep(2)
    count = max(int(10000 * options.scale), 100)
    held = load(broker, "conns", "none", "-n", count, "-seconds", 3)
    return {"an idle connection": (held["server_rss_mb"] - held["rss_before_mb"]) * 1024 / count}


ALL = [Figure("produce 1000 B acks=1, CPU", "s/GB", 0.35), Figure("produce 1000 B acks=1, speed", "MB/s", 1, True),
       Figure("produce 100 B acks=all, CPU", "s/GB", 0.4), Figure("produce 100 B acks=all, speed", "MB/s", 1, True),
       Figure("produce 100 B lz4, CPU", "s/GB", 0.5), Figure("produce 100 B lz4, speed", "MB/s", 1, True),
       Figure("consume, CPU", "s/GB", 0.3), Figure("consume, speed", "MB/s", 1, True),
       Figure("end to end p50", "ms", 0.5), Figure("end to end p99", "ms", 0.5),
       Figure("from send to arrival p50", "ms", 0.5), Figure("from send to arrival p99", "ms", 0.5),
       Figure("from send to arrival, client polls, p50", "ms", 0.5), Figure("from send to arrival, client polls, p99", "ms", 0.5), Figure("RSS idle", "MB", 0.16), Figure("RSS after the load", "MB", 0.16),
       Figure("start to first acknowledged record", "s", 0.12), Figure("2,000 partitions, after kill -9", "s", 0.05),
       Figure("2,000 partitions, after a clean stop", "s", 0.05), Figure("an idle connection", "KB", None), Figure("CPU of an idle broker", "% of a core", 0.1)]

GROUPS = [Group(["start to first acknowledged record", "CPU of an idle broker", "RSS idle"], start),
          Group([figure.name for figure in ALL if figure.name.startswith(("produce", "consume", "end to end", "from send", "RSS after"))], throughput),
          Group(["2,000 partitions, after kill -9", "2,000 partitions, after a clean stop"], partitions),
          Group(["an idle connection"], connections)]
