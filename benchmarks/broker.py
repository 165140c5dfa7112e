"""Starts one broker, Tidemark or Apache Kafka, from the same property file, and watches its process."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import wire

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAUNCHER = os.path.join(ROOT, "tidemark")
CLUSTER_ID = "VGlkZW1hcmtCZW5jaG1hcg"
START_S_MAX = 180


def build():
    """The launcher builds what changed, so that no measured start includes a build."""
    subprocess.run([LAUNCHER, "--help"], check=True, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    def __init__(self, side, directory):
        self.side = side
        self.home = tempfile.mkdtemp(prefix=f"{side}-", dir=directory)
        self.port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.configuration = os.path.join(self.home, "server.properties")
        self.process = self.pid = None
        lines = ["process.roles=broker,controller", "node.id=1", f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
                 f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}", "controller.listener.names=CONTROLLER",
                 "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", f"controller.quorum.voters=1@127.0.0.1:{controller}",
                 f"log.dirs={os.path.join(self.home, 'data')}", "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
                 "transaction.state.log.min.isr=1", "group.initial.rebalance.delay.ms=0"]
        with open(self.configuration, "w") as file:
            file.write("\n".join(lines) + "\n")

    def __enter__(self):
        if self.side == "kafka":
            self._run([os.environ["TIDEMARK_KAFKA"], "storage", "format", "-t", CLUSTER_ID, "-c", self.configuration])
        else:
            self._run([LAUNCHER, "format", "--cluster-id", CLUSTER_ID, "--config", self.configuration])
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, topic=None):
        """Starts the process; seconds until it answers or, with a topic, until it acknowledges a record of partition 0."""
        began = time.monotonic()
        self.launch()
        while not (wire.acknowledges(self.port, topic) if topic else wire.answers(self.port)):
            if self.process.poll() is not None or time.monotonic() - began > START_S_MAX:
                with open(os.path.join(self.home, "output")) as output:
                    raise SystemExit(f"{self.side} did not start: {output.read()[-600:]}")
            time.sleep(0.004)
        took = time.monotonic() - began
        self.pid = self._serving_process()
        return took

    def launch(self):
        """Starts the process and waits for nothing."""
        with open(os.path.join(self.home, "output"), "ab") as output:
            command = [os.environ["TIDEMARK_KAFKA"], "class", "kafka.Kafka", self.configuration] if self.side == "kafka" else [LAUNCHER, "server", "--config", self.configuration]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, "KAFKA_HEAP": "1g"}, start_new_session=True)

    @property
    def pids(self):
        return str(self.pid)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        self.process.wait(120)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def rss_mb(self):
        with open(f"/proc/{self.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _serving_process(self):
        """The process itself, or the child of the script that started it."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            below = children.read().split()
        return int(below[0]) if self.side == "kafka" and below else self.process.pid

    @staticmethod
    def _run(command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr or done.stdout}")
