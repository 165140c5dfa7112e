"""A librdkafka producer with its defaults, idempotent and acks=all, that writes at a steady pace and notes when each partition acknowledged."""
import threading
import time

try:
    import confluent_kafka
except ImportError:
    confluent_kafka = None

PACE_S = 0.004
DELIVERY_S_MAX = 120


def absence():
    return None if confluent_kafka else "python3-confluent-kafka is not installed"


def create_topic(bootstrap, topic, partitions, replicas=3):
    from confluent_kafka import admin
    client = admin.AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    client.create_topics([admin.NewTopic(topic, partitions, replicas, config={"min.insync.replicas": str(min(replicas, 2))})], operation_timeout=60)[topic].result(120)


class Steady:
    def __init__(self, bootstrap, topic, partitions):
        self.topic, self.partitions = topic, partitions
        self.times = {partition: [] for partition in range(partitions)}
        self.errors = []
        self._producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0, "error_cb": lambda _: None})
        self._ending = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def acknowledged_since(self, partitions, since):
        return all(self.times[partition] and self.times[partition][-1] > since for partition in partitions)

    def longest_gap(self, partitions, since):
        """The longest time in which one of the partitions acknowledged nothing, from shortly before a moment on."""
        longest = 0
        for partition in partitions:
            times = [moment for moment in self.times[partition] if moment > since - 1] + [time.monotonic()]
            longest = max([longest] + [after - before for before, after in zip(times, times[1:])])
        return longest

    def stop(self):
        self._ending = True
        self._thread.join()
        left = self._producer.flush(DELIVERY_S_MAX)
        if left or self.errors:
            raise SystemExit(f"{left} records were never acknowledged, {len(self.errors)} failed: {self.errors[:3]}")

    def _run(self):
        while not self._ending:
            for partition in range(self.partitions):
                try:
                    self._producer.produce(self.topic, b"x" * 100, partition=partition, on_delivery=self._delivered)
                except BufferError:
                    # Nothing is taken while too much waits; that is what is being measured.
                    pass
            self._producer.poll(PACE_S)

    def _delivered(self, error, record):
        if error:
            self.errors.append(str(error))
        else:
            self.times[record.partition()].append(time.monotonic())


def first_acknowledgements(bootstrap, topic, partitions, trigger):
    """Seconds from a trigger to the acknowledgement of one record in each of the partitions, by a producer that knew their leaders."""
    done = {}
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0, "error_cb": lambda _: None})
    for partition in partitions:
        producer.produce(topic, b"x", partition=partition)
    if producer.flush(DELIVERY_S_MAX):
        raise SystemExit(f"{topic} could not be written to")
    began = time.monotonic()
    trigger()
    for partition in partitions:
        producer.produce(topic, b"x", partition=partition, on_delivery=lambda error, record: None if error else done.setdefault(record.partition(), time.monotonic()))
    producer.flush(DELIVERY_S_MAX)
    if len(done) < len(partitions):
        raise SystemExit(f"{len(partitions) - len(done)} of {len(partitions)} partitions of {topic} were not written to within {DELIVERY_S_MAX} s")
    return max(done.values()) - began
