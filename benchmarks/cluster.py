"""Three nodes of one side, Tidemark or Apache Kafka, from the same property files; and what watches them together."""
import os
import shutil
import signal
import tempfile
import time

import wire
from broker import CLUSTER_ID, LAUNCHER, START_S_MAX, Broker, free_port

SIZE = 3
FULL_S_MAX = 180


class Cluster:
    """Looks to a load like one broker: it has a bootstrap list, and sums of processor time and memory."""

    def __init__(self, side, directory):
        self.side = side
        self.home = tempfile.mkdtemp(prefix=f"{side}-cluster-", dir=directory)
        ports = [(free_port(), free_port()) for _ in range(SIZE)]
        voters = ",".join(f"{i + 1}@127.0.0.1:{controller}" for i, (_, controller) in enumerate(ports))
        self.nodes = [Node(side, self.home, i + 1, port, controller, voters) for i, (port, controller) in enumerate(ports)]
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port, _ in ports)

    def __enter__(self):
        for node in self.nodes:
            node.format()
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            if node.process and node.process.poll() is None:
                node.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self):
        """Starts all nodes at once and waits until each answers and knows the others."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_for(lambda node=node: wire.brokers(node.port) == SIZE)

    def start_to_record(self, topic):
        """Seconds from the start of all processes to the first record that all replicas in sync have."""
        began = time.monotonic()
        for node in self.nodes:
            node.launch()
        while not any(wire.acknowledges(node.port, topic) for node in self.nodes):
            for node in self.nodes:
                node.check(began)
            time.sleep(0.004)
        took = time.monotonic() - began
        for node in self.nodes:
            node.wait_for(lambda node=node: wire.answers(node.port))
        return took

    def stop(self):
        for node in self.nodes:
            os.kill(node.pid, signal.SIGTERM)
        for node in self.nodes:
            node.process.wait(120)

    def wait_full(self, topic):
        """Waits until every node says that all replicas of all the topic's partitions are in sync; seconds."""
        began = time.monotonic()
        while not all(self.is_full(node, topic) for node in self.nodes):
            if time.monotonic() - began > FULL_S_MAX:
                raise SystemExit(f"{self.side}: not all replicas of {topic} are in sync within {FULL_S_MAX} s")
            time.sleep(0.02)
        return time.monotonic() - began

    def leaders(self, topic):
        """Partition to the number of the node that leads it, as a node that runs says."""
        for node in self.nodes:
            if found := wire.partitions(node.port, topic):
                return {partition: leader for partition, (leader, _, _) in found.items()}
        raise SystemExit(f"{self.side}: no node tells who leads {topic}")

    @property
    def pids(self):
        return ",".join(str(node.pid) for node in self.nodes)

    def cpu_s(self):
        return sum(node.cpu_s() for node in self.nodes)

    def rss_mb(self):
        return sum(node.rss_mb() for node in self.nodes)

    @staticmethod
    def is_full(node, topic):
        """Whether one node says that all is in sync."""
        found = wire.partitions(node.port, topic)
        return bool(found) and all(leader > 0 and replicas == in_sync == SIZE for leader, replicas, in_sync in found.values())


class Node(Broker):
    """One of the three; what it shares with a broker that is alone is how it is started, ended and watched."""

    def __init__(self, side, directory, number, port, controller, voters):
        self.side, self.number, self.port = side, number, port
        self.home = os.path.join(directory, f"node{number}")
        os.mkdir(self.home)
        self.configuration = os.path.join(self.home, "server.properties")
        self.process = self.pid = None
        lines = ["process.roles=broker,controller", f"node.id={number}", f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
                 f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}", "controller.listener.names=CONTROLLER",
                 "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", f"controller.quorum.voters={voters}",
                 f"log.dirs={os.path.join(self.home, 'data')}", f"default.replication.factor={SIZE}", "min.insync.replicas=2",
                 f"offsets.topic.replication.factor={SIZE}", "group.initial.rebalance.delay.ms=0"]
        with open(self.configuration, "w") as file:
            file.write("\n".join(lines) + "\n")

    def format(self):
        if self.side == "kafka":
            self._run([os.environ["TIDEMARK_KAFKA"], "storage", "format", "-t", CLUSTER_ID, "-c", self.configuration])
        else:
            self._run([LAUNCHER, "format", "--cluster-id", CLUSTER_ID, "--config", self.configuration])

    def wait_for(self, condition):
        """Waits for what the started process is to do."""
        began = time.monotonic()
        while not condition():
            self.check(began)
            time.sleep(0.004)
        self.pid = self._serving_process()

    def check(self, began):
        if self.process.poll() is not None or time.monotonic() - began > START_S_MAX:
            with open(os.path.join(self.home, "output")) as output:
                raise SystemExit(f"node {self.number} of {self.side} did not start: {output.read()[-600:]}")
