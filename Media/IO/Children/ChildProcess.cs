using System.Diagnostics;

namespace MediaRelay.Media.IO.Children;

/// <summary>A running child with its pipes and the last lines it complained with; disposing kills it and waits for its end.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int LinesKept = 12;

    private readonly Process _process;
    private readonly Queue<string> _complaints = new();
    private readonly Task _errors;

    private ChildProcess(Process process)
    {
        _process = process;
        Id = process.Id;
        _errors = ReadErrorsAsync();
        Exited = process.WaitForExitAsync();
    }

    public int Id { get; }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Completes when the child has ended, for whatever reason.</summary>
    public Task Exited { get; }

    /// <summary>The last lines of standard error, joined.</summary>
    public string Complaints
    {
        get
        {
            lock (_complaints) return string.Join(" | ", _complaints);
        }
    }

    public static async Task<ChildProcess> StartAsync(string program, params IEnumerable<string> arguments) =>
        new(await ChildSpawner.StartAsync(program, arguments));

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited) _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the signal.
        }
        await Exited;
        await _errors;
        // Process closes only the pipes that nobody has asked it for; the others would stay open until the collector finds them.
        await Input.DisposeAsync();
        await Output.DisposeAsync();
        _process.StandardError.Dispose();
        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        try
        {
            while (await _process.StandardError.ReadLineAsync() is { } line)
            {
                lock (_complaints)
                {
                    _complaints.Enqueue(line.Length > 300 ? line[..300] : line);
                    if (_complaints.Count > LinesKept) _complaints.Dequeue();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe ends with the child.
        }
    }
}
