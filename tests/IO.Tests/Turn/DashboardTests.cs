using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using MediaRelay.Server.Telemetry;
using MediaRelay.Turn.IO;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>What the Grafana dashboard asks for is what the relay measures.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] Labels = ["shard", "direction", "reason", "user", "realm", "instance", "job", "le"];

    [Fact]
    public void Every_metric_and_label_of_the_dashboard_exists()
    {
        var known = Instruments();
        Assert.Contains("turn_bytes_total", known);
        var expressions = Expressions(JsonDocument.Parse(File.ReadAllText(Path.Combine(Root(), "Turn", "IO", "grafana-dashboard.json"))).RootElement).ToList();
        Assert.True(expressions.Count >= 8, $"the dashboard has only {expressions.Count} expressions");
        foreach (var expression in expressions)
        {
            var named = MetricName().Matches(expression).Select(match => match.Value).Distinct().ToList();
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.True(known.Contains(name), $"'{name}' in '{expression}' is no metric of the relay."));
            Assert.All(LabelName().Matches(expression).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)).Select(text => text.Split('=', '!', '~')[0].Trim()),
                label => Assert.True(label.Length == 0 || Labels.Contains(label), $"'{label}' in '{expression}' is no label."));
        }
    }

    /// <summary>Names as /metrics prints them: of the relay's meter and of the runtime's.</summary>
    private static HashSet<string> Instruments()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name is "MediaRelay.Turn.IO" or "System.Runtime")
                    names.Add(PrometheusText.Name(instrument));
            },
        };
        listener.Start();
        using var provider = new ServiceCollection().BuildServiceProvider();
        using var metrics = new TurnMetrics(new TurnServer(new TurnOptions(), TimeProvider.System, NullLoggerFactory.Instance, provider));
        return names;
    }

    private static IEnumerable<string> Expressions(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => property.Name is "expr" && property.Value.ValueKind == JsonValueKind.String
            ? [property.Value.GetString()!]
            : Expressions(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Expressions),
        _ => [],
    };

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MediaRelay.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex(@"\b(?:turn|dotnet|kestrel|process)_[a-z_]+")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"(?:by ?\(|\{)([^)}]*)[)}]")]
    private static partial Regex LabelName();
}
