using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// Sees brokers' processes end. The controller keeps an idle connection to every broker; when that ends it connects again, and a broker
/// whose machine answers that nobody listens has no process any more. Nothing is concluded from silence, a slow answer or a connection
/// that breaks and can be made again: for those there is the session.
/// </summary>
/// <param name="gone">Told of a broker, by id and epoch, whose process is gone.</param>
/// <param name="ended">
/// Told of a broker, by id and epoch, to whose process the connection ended. That alone proves nothing, but who then registers in its place need not wait.
/// </param>
internal sealed class BrokerWatch(INodeConnector connector, DelayQueue delays, Action<int, long> gone, Action<int, long> ended)
{
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_unreachable = TimeSpan.FromSeconds(1);

    /// <summary>How many refusals of a broker that has just been let in are doubted, <see cref="s_again"/> apart.</summary>
    private const int DoubtsOfNew = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Watch> _watches = [];

    /// <summary>These brokers and no others are watched from now on.</summary>
    /// <param name="areNew">
    /// Those that were not watched before have just been let in. A broker of Kafka's opens its door only then, so that it is not gone when
    /// nobody listens yet.
    /// </param>
    public void Update(IEnumerable<(int Id, long Epoch, NodeAddress Address)> brokers, bool areNew)
    {
        Dictionary<int, (long Epoch, NodeAddress Address)> wanted = brokers.ToDictionary(each => each.Id, each => (each.Epoch, each.Address));
        List<Watch> begun = [];
        List<Watch> ended = [];
        lock (_lock)
        {
            foreach ((int id, Watch watch) in _watches)
            {
                if (!wanted.TryGetValue(id, out var same) || same != (watch.Epoch, watch.Address))
                {
                    ended.Add(watch);
                }
            }

            ended.ForEach(watch => _watches.Remove(watch.Broker));
            foreach ((int id, (long epoch, NodeAddress address)) in wanted)
            {
                if (!_watches.ContainsKey(id))
                {
                    var watch = new Watch(this, id, epoch, address, areNew ? DoubtsOfNew : 0);
                    _watches.Add(id, watch);
                    begun.Add(watch);
                }
            }
        }

        ended.ForEach(watch => watch.End());
        begun.ForEach(watch => watch.Connect());
    }

    private bool IsWatched(Watch watch)
    {
        lock (_lock)
        {
            return _watches.TryGetValue(watch.Broker, out Watch? known) && known == watch;
        }
    }

    private sealed class Watch(BrokerWatch owner, int broker, long epoch, NodeAddress address, int doubts) : INodeTransportEvents
    {
        private INodeTransport? _transport;
        private int _doubts = doubts;
        private bool _isConnected;

        public int Broker => broker;

        public long Epoch => epoch;

        public NodeAddress Address => address;

        /// <summary>Nothing is asked, so nothing may come.</summary>
        public int NextFrameBytesMax => 0;

        public void Connect()
        {
            _transport = owner.Connector.Connect(address, this);
            if (!owner.IsWatched(this))
            {
                _transport.Close();
            }
        }

        public void End() => _transport?.Close();

        public void OnConnected()
        {
            // It lives. The connection stays, to see it end.
            _doubts = 0;
            _isConnected = true;
        }

        public void OnFrame(Connections.InboundFrame frame) => frame.Dispose();

        public void OnClosed(LinkEnd why, string reason)
        {
            if (!owner.IsWatched(this))
            {
                return;
            }

            if (_isConnected && why == LinkEnd.ClosedByPeer)
            {
                owner.Ended(broker, epoch);
            }

            _isConnected = false;
            if (why == LinkEnd.Refused && _doubts-- <= 0)
            {
                owner.Gone(broker, epoch);
            }

            // Also after a refusal: the controller may not be able to fence it just now.
            owner.Delays.Run(Connect, why is LinkEnd.ClosedByPeer or LinkEnd.Refused ? s_again : s_unreachable);
        }
    }

    private INodeConnector Connector => connector;

    private DelayQueue Delays => delays;

    private void Gone(int broker, long epoch) => gone(broker, epoch);

    private void Ended(int broker, long epoch) => ended(broker, epoch);
}
