"""Just enough of the protocol to ask whether a broker answers, and whether it acknowledges a record."""
import socket
import struct

TIMEOUT_S = 5


def answers(port):
    """Whether ApiVersions is answered."""
    return _ask(port, 18, 0, b"") is not None


def acknowledges(port, topic):
    """Whether a record written to partition 0 with acks=all is acknowledged without an error."""
    batch = _batch()
    name = topic.encode()
    body = struct.pack(">hhi", -1, -1, 10000) + struct.pack(">ih", 1, len(name)) + name + struct.pack(">iii", 1, 0, len(batch)) + batch
    answer = _ask(port, 0, 7, body)
    if answer is None or len(answer) < 18 + len(name):
        return False
    return struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name) + 4 + 4)[0] == 0


def brokers(port):
    """How many brokers one broker knows to be alive."""
    answer = _ask(port, 3, 1, struct.pack(">i", 0))
    return 0 if answer is None else _int32(answer, 4)[0]


def partitions(port, topic):
    """Partition to (leader, number of replicas, number in sync), as one broker's metadata says; empty when it does not answer."""
    name = topic.encode()
    answer = _ask(port, 3, 1, struct.pack(">ih", 1, len(name)) + name)
    if answer is None:
        return {}
    at = 4
    brokers, at = _int32(answer, at)
    for _ in range(brokers):
        at = _string(answer, _string(answer, at + 4) + 4)
    topics, at = _int32(answer, at + 4)
    found = {}
    for _ in range(topics):
        count, at = _int32(answer, _string(answer, at + 2) + 1)
        for _ in range(count):
            error, partition, leader = struct.unpack_from(">hii", answer, at)
            replicas, at = _int32(answer, at + 10)
            in_sync, at = _int32(answer, at + 4 * replicas)
            at += 4 * in_sync
            found[partition] = (leader if error in (0, 9) else -1, replicas, in_sync)
    return found


def _int32(data, at):
    return struct.unpack_from(">i", data, at)[0], at + 4


def _string(data, at):
    """Where a string, which may be null, ends."""
    return at + 2 + max(struct.unpack_from(">h", data, at)[0], 0)


def _ask(port, key, version, body):
    """The answer's bytes after its size, or None when there is no whole answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = struct.pack(">hhih", key, version, 1, -1) + body
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = _read(connection, 4)
            return _read(connection, struct.unpack(">i", size)[0]) if size else None
    except OSError:
        return None


def _read(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


def _batch():
    """One batch of format 2 with one record: no key, the value "x", timestamp 0."""
    record = bytes([0, 0, 0, 1, 2]) + b"x" + bytes([0])
    record = bytes([len(record) << 1]) + record
    body = struct.pack(">hiqqqhii", 0, 0, 0, 0, -1, -1, -1, 1) + record
    return struct.pack(">qiibI", 0, 4 + 1 + 4 + len(body), -1, 2, _crc32c(body)) + body


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
