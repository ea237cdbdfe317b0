using MediaRelay.Qos.Policy;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <summary>Looks every second whether the rules file has changed and gives sound new rules on; a broken file leaves the old rules in force.</summary>
public sealed partial class RulesFile : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly string _path;
    private readonly Func<PolicyRules, Task> _use;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private (DateTime, long) _seen;

    public RulesFile(string path, Func<PolicyRules, Task> use, TimeProvider clock, ILogger<RulesFile> logger)
    {
        _path = path;
        _use = use;
        _logger = logger;
        _seen = Look();
        _timer = clock.CreateTimer(_ => Check(), null, Interval, Interval);
    }

    /// <summary>Reads rules; false with sentences that say what is wrong.</summary>
    public static bool TryRead(string path, out PolicyRules rules, out IReadOnlyList<string> faults)
    {
        try
        {
            return PolicyRules.TryParse(File.ReadAllBytes(path), out rules, out faults);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            rules = new PolicyRules();
            faults = [$"The rules file {path} cannot be read: {fault.Message.TrimEnd('.')}."];
            return false;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Check()
    {
        (DateTime, long) now = Look();
        if (now == _seen) return;
        _seen = now;
        if (TryRead(_path, out PolicyRules rules, out IReadOnlyList<string> faults))
        {
            LogRead(_path);
            _ = _use(rules);
            return;
        }
        foreach (string fault in faults) LogRefused(fault);
    }

    private (DateTime, long) Look()
    {
        var file = new FileInfo(_path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    [LoggerMessage(3200, LogLevel.Information, "The rules in {Path} were read again and hold from now on.")]
    private partial void LogRead(string path);

    [LoggerMessage(3201, LogLevel.Error, "The changed rules are not used and the old ones stay: {Fault}")]
    private partial void LogRefused(string fault);
}
