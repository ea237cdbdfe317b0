using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace MediaRelay.Server.Configuration;

/// <summary>What every role shares: where health and metrics are served, how logs are written, how long a drain may take.</summary>
public sealed class NodeOptions : IValidatableObject
{
    [Description("Address and port of /healthz, /readyz and /metrics (plain HTTP; keep it on a management address). Empty switches the listener off.")]
    public string MetricsListen { get; set; } = "127.0.0.1:9464";

    [Description("Form of log lines on standard output.")]
    public LogForm LogForm { get; set; } = LogForm.Text;

    [Description("Lowest level that is logged.")]
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    [Description("Longest time that a planned stop (SIGTERM) waits for running work; a second SIGTERM ends at once.")]
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromMinutes(15);

    [Description("Folder of the embedded database, keys and journals.")]
    public string DataFolder { get; set; } = "data";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MetricsListen.Length > 0 && !Hosting.Endpoints.TryParse(MetricsListen, out _))
            yield return new ValidationResult($"Node:MetricsListen is \"{MetricsListen}\", which is not an address and port. Write 127.0.0.1:9464, [::1]:9464 or :9464, or \"\" for none.", [nameof(MetricsListen)]);
    }
}

/// <summary>Form of a log line.</summary>
public enum LogForm
{
    /// <summary>One readable line per record.</summary>
    Text,

    /// <summary>One JSON object per record.</summary>
    Json,
}
