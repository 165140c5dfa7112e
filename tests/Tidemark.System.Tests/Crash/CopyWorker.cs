using System.Diagnostics;
using System.Text;
using Tidemark.System.Tests.Clients;

namespace Tidemark.System.Tests.Crash;

/// <summary>One worker of the copy job, a process of tests/clients/python/copy_job.py, which is killed and started again under the same transactional id.</summary>
public sealed class CopyWorker(string bootstrap, string input, string output, string group, string transactionalId) : IDisposable
{
    private readonly StringBuilder _notes = new();
    private Process? _process;

    /// <summary>What it printed in all its lives: retries, aborted transactions, and why it ended.</summary>
    public string Notes
    {
        get
        {
            lock (_notes)
            {
                return _notes.ToString();
            }
        }
    }

    public bool IsRunning => _process is { HasExited: false };

    public void Launch()
    {
        ProcessStartInfo start = new(ScriptClient.Python, [ScriptClient.Script("python/copy_job.py"), bootstrap, input, output, group, transactionalId])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException("no process");
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (IsRunning)
        {
            Kill();
        }

        _process?.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_notes)
            {
                _notes.AppendLine(line.Data);
            }
        }
    }
}
