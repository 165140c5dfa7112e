using Tidemark.Storage.Files;
using Tidemark.Tests.Shared.Disks;

namespace Tidemark.Broker.Tests.Quorum;

/// <summary>A disk on which something happens around the opening of one file: what another thread would do just then.</summary>
internal sealed class InterruptedSnapshots(IDisk disk) : WatchedDisk(disk)
{
    private string? _path;
    private bool _isOpen;
    private Action? _meanwhile;

    /// <summary>Does it once, before the next opening of the file or right after it.</summary>
    public void Interrupt(string path, bool isOpen, Action meanwhile) => (_path, _isOpen, _meanwhile) = (path, isOpen, meanwhile);

    public override IDiskFile OpenFile(string path, DiskOpen how)
    {
        if (path != _path)
        {
            return Below.OpenFile(path, how);
        }

        _path = null;
        if (!_isOpen)
        {
            _meanwhile!();
        }

        IDiskFile file = Below.OpenFile(path, how);
        if (_isOpen)
        {
            _meanwhile!();
        }

        return file;
    }
}
