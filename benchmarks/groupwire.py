"""The requests of group members, encoded by hand: thousands a second must cost the client next to nothing."""
import socket
import struct

TIMEOUT_S = 30
CLIENT = "bench"
OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, CONSUMER_GROUP_HEARTBEAT = 8, 9, 10, 68


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, key, version, body, flexible=False):
        """The answer's bytes behind its header. Raises OSError when the connection ends."""
        head = struct.pack(">hhih", key, version, 1, len(CLIENT)) + CLIENT.encode() + (b"\0" if flexible else b"")
        self.socket.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        size = struct.unpack(">i", self._read(4))[0]
        return self._read(size)[5 if flexible else 4:]

    def close(self):
        self.socket.close()

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("the broker closed the connection")
            data += more
        return data


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def compact(value):
    return b"\0" if value is None else number(len(value) + 1) + value.encode()


def number(value):
    """An unsigned number of variable length."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def commit(group, offsets):
    """OffsetCommit v2 of a group without members; offsets: topic to (partition to offset)."""
    body = text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, len(offsets))
    for topic, partitions in offsets.items():
        body += text(topic) + struct.pack(">i", len(partitions))
        body += b"".join(struct.pack(">iqh", partition, offset, -1) for partition, offset in partitions.items())
    return body


def commit_errors(answer):
    """How many partitions of an OffsetCommit v2 answer were refused, by error code."""
    errors, at = {}, 4
    for _ in range(struct.unpack_from(">i", answer)[0]):
        at += 2 + struct.unpack_from(">h", answer, at)[0]
        count = struct.unpack_from(">i", answer, at)[0]
        at += 4
        for _ in range(count):
            error = struct.unpack_from(">h", answer, at + 4)[0]
            at += 6
            if error:
                errors[error] = errors.get(error, 0) + 1
    return errors


def fetched(answer):
    """The error code of an OffsetFetch v2 answer and how many partitions it tells of."""
    found, at = 0, 4
    for _ in range(struct.unpack_from(">i", answer)[0]):
        at += 2 + struct.unpack_from(">h", answer, at)[0]
        count = struct.unpack_from(">i", answer, at)[0]
        at, found = at + 4, found + count
        for _ in range(count):
            at += 12
            at += 2 + max(struct.unpack_from(">h", answer, at)[0], 0) + 2
    return struct.unpack_from(">h", answer, at)[0], found


def heartbeat(group, member, epoch, topics=None, owned=None):
    """ConsumerGroupHeartbeat v0; the first one (epoch 0) names the topics. owned: topic id to partitions, or None for unchanged."""
    body = compact(group) + compact(member) + struct.pack(">i", epoch) + compact(None) + compact(None)
    body += struct.pack(">i", 300000 if epoch == 0 else -1)
    body += b"\0" if topics is None else number(len(topics) + 1) + b"".join(map(compact, topics))
    body += compact(None)
    if owned is None:
        body += b"\0"
    else:
        body += number(len(owned) + 1)
        for topic, partitions in owned.items():
            body += topic + number(len(partitions) + 1) + b"".join(struct.pack(">i", each) for each in partitions) + b"\0"
    return body + b"\0"


class HeartbeatAnswer:
    def __init__(self, data):
        self._data, self._at = data, 4
        self.error = self._take(">h")
        self.message, self.member = self._text(), self._text()
        self.epoch, interval_ms = self._take(">i"), self._take(">i")
        self.interval_s = interval_ms / 1000
        self.assignment = None if self._take(">b") < 0 else self._topics()

    def _take(self, form):
        value = struct.unpack_from(form, self._data, self._at)[0]
        self._at += struct.calcsize(form)
        return value

    def _number(self):
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _text(self):
        size = self._number()
        if size == 0:
            return None
        value = self._data[self._at:self._at + size - 1].decode()
        self._at += size - 1
        return value

    def _topics(self):
        topics = {}
        for _ in range(self._number() - 1):
            topic = self._data[self._at:self._at + 16]
            self._at += 16
            topics[topic] = [self._take(">i") for _ in range(self._number() - 1)]
            self._at += 1
        return topics
