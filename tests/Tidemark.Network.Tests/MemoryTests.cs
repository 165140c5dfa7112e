using System.Net;
using System.Net.Sockets;

namespace Tidemark.Network.Tests;

/// <summary>These measure the process, so nothing else runs beside them.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public class MemoryTests
{
    [Fact]
    public void Memory_follows_the_bytes_received_and_not_those_announced()
    {
        using var network = new RunningNetwork();
        long before = ResidentBytes();
        List<Peer> peers = [.. Enumerable.Range(0, 200).Select(_ => network.Connect())];
        foreach (Peer peer in peers)
        {
            peer.SendSize(10_000_000);
            peer.Send([1]);
        }

        RunningNetwork.Eventually(() => network.Buffers.RentedCount == 200, "all announcements are taken");
        long grown = ResidentBytes() - before;
        Assert.True(grown < 60 << 20, $"resident memory grew by {grown} bytes");
        peers.ForEach(peer => peer.Dispose());
    }

    [Fact]
    public void An_idle_connection_costs_little_memory()
    {
        // Both ends live in this process, so the bound holds for the two together.
        const int Count = 2000;
        using var network = new RunningNetwork(configure: options => options with { Listeners = [options.Listeners[0] with { Backlog = 1000 }] });
        var peers = new List<Socket>(Count);
        GC.Collect();
        long before = GC.GetTotalMemory(true);
        for (int i = 0; i < Count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(IPAddress.Loopback, network.Port);
            peers.Add(socket);
        }

        RunningNetwork.Eventually(() => network.Server.ConnectionCount == Count, "all are accepted");
        long each = (GC.GetTotalMemory(true) - before) / Count;
        Assert.True(each < 4096, $"{each} bytes of heap a connection");
        Assert.Equal(0, network.Buffers.RentedCount);
        peers.ForEach(peer => peer.Dispose());
    }

    private static long ResidentBytes()
    {
        string pages = File.ReadAllText("/proc/self/statm").Split(' ')[1];
        return long.Parse(pages, System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
