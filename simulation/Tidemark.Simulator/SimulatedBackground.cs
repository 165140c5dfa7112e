using Tidemark.Broker.Runtime;

namespace Tidemark.Simulator;

/// <summary>
/// Background work as events of virtual time: each piece starts after a delay drawn from the seed, so that pieces posted one after
/// another may run in any order, yet in the same order for the same seed. Pieces never overlap.
/// </summary>
/// <param name="longestDelay">The longest a piece waits before it starts.</param>
public sealed class SimulatedBackground(VirtualTime time, SeededRandom random, TimeSpan longestDelay) : IBackground
{
    public SimulatedBackground(VirtualTime time, SeededRandom random)
        : this(time, random, TimeSpan.FromMilliseconds(5))
    {
    }

    /// <summary>Pieces posted and not yet run.</summary>
    public int PendingCount { get; private set; }

    /// <summary>The process whose work this was has died, and its events with it.</summary>
    public void Forget() => PendingCount = 0;

    public void Post(string name, Action work)
    {
        PendingCount++;
        time.Post(TimeSpan.FromTicks(random.Next(longestDelay.Ticks + 1)), () =>
        {
            PendingCount--;
            try
            {
                work();
            }
            catch (IOException)
            {
                // A disk may fail under the work, and a process logs that. Anything else is a mistake, which ends the run.
            }
        });
    }
}
