using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Coordinating;

public sealed partial class ShardDriver<TShard>
{
    /// <summary>Reads the partition in the background; requests are served when all that was in it is committed.</summary>
    public void Load() => services.Environment.Background.Post($"load {Name}", Read);

    private void Read()
    {
        if (_isClosed || partition.Log is not { } log)
        {
            return;
        }

        CoordinatorView view;
        lock (_lock)
        {
            view = _view;
        }

        TShard shard = services.NewShard(view);
        Offset end = log.LogEndOffset;
        var loader = new ShardLoader(services.Topic, Name, services.Environment.Buffers, services.Log);
        TimeSpan began = services.Now.Monotonic;
        try
        {
            if (!loader.Load(log, end, shard, () => _isClosed))
            {
                return;
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            ShardLog.LoadFailed(services.Log, Name, e);
            LoadLater();
            return;
        }

        long milliseconds = (long)(services.Now.Monotonic - began).TotalMilliseconds;
        Enqueue(() => AwaitLoaded(new Loaded(shard, end, loader.Records, milliseconds)));
    }

    /// <summary>What was read counts when it is committed: until then another leader could still do without it.</summary>
    private void AwaitLoaded(Loaded loaded)
    {
        if (_isClosed)
        {
            return;
        }

        var listener = new LoadListener(this, loaded);
        ErrorCode? decided = loaded.End == partition.Log?.LogStart || Plants.IsOn(Plant.LoadedBeforeCommitted) ? ErrorCode.None : partition.AwaitCommit(loaded.End, epoch, listener, 0);
        if (decided is { } error)
        {
            Activate(loaded, error);
        }
    }

    private void Activate(Loaded loaded, ErrorCode error)
    {
        if (_isClosed)
        {
            return;
        }

        if (error is not (ErrorCode.None or ErrorCode.NotEnoughReplicasAfterAppend))
        {
            LoadLater();
            return;
        }

        _shard = loaded.Shard;
        (_input, _lastAppended) = (0, 0);
        CoordinatorView view;
        lock (_lock)
        {
            (_isLoaded, _loadedTo) = (true, loaded.End);
            view = _view;
        }

        ShardLog.Loaded(services.Log, Name, loaded.Records, loaded.Milliseconds, epoch.Value);
        Feed((shard, now) => shard.OnLoaded(view, now));
    }

    /// <summary>A write was appended and its fate is not known: what the partition holds in the end is what counts.</summary>
    private void LoadAgain(ErrorCode error)
    {
        ShardLog.Uncertain(services.Log, Name, error.ToString());
        RefuseAll();
        _inputError = error;
        LoadLater();
    }

    private void LoadLater() => services.Delays.Run(Load, s_loadAgainAfter);

    private void RefuseAll()
    {
        lock (_lock)
        {
            _isLoaded = false;
        }

        PendingAnswer[] asked = [.. _tickets.Values, .. _held.Concat(_appended.SelectMany(a => a.Held)).Select(h => h.Asked).OfType<PendingAnswer>()];
        _tickets.Clear();
        _held = [];
        _appended.Clear();
        _buffers?.Dispose();
        _buffers = null;
        _shard = null;
        _timer?.TryFinish();
        _timerAt = TimeSpan.MaxValue;
        foreach (PendingAnswer pending in asked)
        {
            pending.Refuse(ErrorCode.NotCoordinator);
        }
    }

    private sealed record Loaded(TShard Shard, Offset End, long Records, long Milliseconds);

    private sealed class LoadListener(ShardDriver<TShard> driver, Loaded loaded) : Partitions.ICommitListener
    {
        public void OnCommitted(int slot, ErrorCode error) => driver.Enqueue(() => driver.Activate(loaded, error));
    }
}
