"""Measures Tidemark and Apache Kafka in one run: both in their release form, both warmed, taking turns, and prints medians and ratios.

One broker a side, three nodes of each with --cluster, or consumer groups and transactions with --groups.

Apache Kafka takes part where TIDEMARK_KAFKA names its launcher. The load comes from TIDEMARK_LOADGEN, or from `tidemark perf` where it
is absent. Before each side a file of 4 GB is written and deleted: where memory is virtual, whoever touches a page first pays for it.
"""
import argparse
import datetime
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile

import clusterfigures
import figures
import groupfigures
from broker import ROOT, Broker, build
from cluster import Cluster

LABELS = {"tidemark": "Tidemark", "kafka": "Apache Kafka"}


def warm_memory(directory, gigabytes):
    """Touches the page cache's memory once, so that no side pays for the other."""
    block = b"\0" * (1 << 24)
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        for _ in range(gigabytes * 64):
            file.write(block)


def subject(options):
    """The figures that are asked for."""
    return clusterfigures if options.cluster else groupfigures if options.groups else figures


def measure(side, wanted, options):
    """One turn of one side on an empty directory; its figures by name."""
    warm_memory(options.directory, options.warm_gb)
    found = {}
    for group in subject(options).GROUPS:
        names = [name for name in group.names if name in wanted]
        if names:
            with (Cluster if group.nodes > 1 else Broker)(side, options.directory) as broker:
                found.update(group.run(broker, options))
    return {name: value for name, value in found.items() if name in wanted}


def table(results, known):
    """Medians, and the ratio where both sides were measured."""
    rows = [("figure", "Tidemark", "Apache Kafka", "ratio", "to reach", "")]
    for figure in known:
        medians = {side: statistics.median(values) for side in results if (values := [turn[figure.name] for turn in results[side] if figure.name in turn])}
        if not medians:
            continue
        ours, theirs = medians.get("tidemark"), medians.get("kafka")
        ratio = ours / theirs if ours is not None and theirs else None
        reached = "" if ratio is None or figure.goal is None else "ok" if figure.reached(ratio) else "short"
        rows.append((f"{figure.name} [{figure.unit}]", number(ours), number(theirs), number(ratio), figure.goal_text(), reached))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))) for row in rows)


def number(value):
    return "–" if value is None else f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def parse():
    parser = argparse.ArgumentParser(prog="./bench", description=__doc__.splitlines()[0])
    parser.add_argument("--cluster", action="store_true", help="three nodes of each side, replication factor 3")
    parser.add_argument("--groups", action="store_true", help="consumer groups and transactions")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default 3)")
    parser.add_argument("--side", choices=LABELS, help="measure one side only")
    parser.add_argument("--figures", default="", help="words; only figures whose name contains one of them, separated by commas")
    parser.add_argument("--scale", type=float, default=1, help="share of the records to send (default 1)")
    parser.add_argument("--warm-gb", type=int, default=4, help="size of the file that warms memory before each turn (default 4)")
    parser.add_argument("--directory", default=None, help="where data lies (default artifacts/bench)")
    parser.add_argument("--list", action="store_true", help="name the figures and end")
    return parser.parse_args()


def main():
    options = parse()
    words = [word.strip().lower() for word in options.figures.split(",") if word.strip()]
    known = subject(options).ALL
    wanted = [figure.name for figure in known if not words or any(word in figure.name.lower() for word in words)]
    if (options.cluster or options.groups) and not options.list:
        missing, why = subject(options).absent()
        wanted = [name for name in wanted if name not in missing]
        if missing:
            print(f"not measured, because {why}: {'; '.join(missing)}", file=sys.stderr)
    if options.list:
        print("\n".join(f"{figure.name} [{figure.unit}]" for figure in known))
        return 0
    output = os.path.join(ROOT, "artifacts", "bench")
    os.makedirs(output, exist_ok=True)
    options.directory = options.directory or output
    os.makedirs(options.directory, exist_ok=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sides = [options.side] if options.side else ["tidemark", "kafka"] if os.environ.get("TIDEMARK_KAFKA") else ["tidemark"]
    if "kafka" not in sides:
        print("Apache Kafka is not measured: TIDEMARK_KAFKA names no launcher" if not options.side else "one side only", file=sys.stderr)
    if "tidemark" in sides:
        build()
    results = {side: [] for side in sides}
    for turn in range(options.rounds):
        for side in sides if turn % 2 == 0 else reversed(sides):
            print(f"round {turn + 1} of {options.rounds}: {LABELS[side]}", file=sys.stderr, flush=True)
            results[side].append(measure(side, wanted, options))
            print("  " + ", ".join(f"{name} {number(value)}" for name, value in results[side][-1].items()), file=sys.stderr, flush=True)
    began = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S")
    machine = {"cores": os.cpu_count(), "kernel": platform.release(), "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)}
    path = os.path.join(output, f"{began}.json")
    with open(path, "w") as file:
        json.dump({"machine": machine, "subject": "cluster" if options.cluster else "groups" if options.groups else "broker", "rounds": options.rounds, "scale": options.scale, "load": figures.load_name(), "results": results}, file, indent=1)
    shutil.copy(path, os.path.join(output, "latest.json"))
    print(f"{machine['cores']} cores, {machine['memory_gb']} GB, load by {figures.load_name()}, medians of {options.rounds} round(s)\n\n{table(results, known)}\n\n{os.path.relpath(path, ROOT)}")
    return 0


sys.exit(main())
