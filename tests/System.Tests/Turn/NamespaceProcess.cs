using System.Diagnostics;
using System.Text;

namespace MediaRelay.System.Tests.Turn;

/// <summary>A program that runs inside a namespace until it is disposed; its output is kept.</summary>
internal sealed class NamespaceProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    public NamespaceProcess(string space, params string[] command)
    {
        _process = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", space, .. command]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Starts <c>mediarelay turn</c> in a namespace and waits until it relays.</summary>
    public static NamespaceProcess StartRelay(string space, params string[] arguments)
    {
        var process = new NamespaceProcess(space, ["dotnet", Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), "turn", .. arguments]);
        if (process.WaitFor("Relaying with", TimeSpan.FromSeconds(30)))
            return process;
        var output = process.Output;
        process.Dispose();
        throw new InvalidOperationException($"The relay did not start: {output}");
    }

    public bool WaitFor(string text, TimeSpan limit) =>
        SpinWait.SpinUntil(() => { Thread.Sleep(5); return Output.Contains(text, StringComparison.Ordinal) || HasExited; }, limit) && Output.Contains(text, StringComparison.Ordinal);

    public int? WaitForExit(TimeSpan limit) => _process.WaitForExit(limit) ? _process.ExitCode : null;

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, _process.Id.ToString(global::System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_output)
            _ = _output.AppendLine(line);
    }
}
