using System.Diagnostics.Metrics;
using MediaRelay.Server.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MediaRelay.IO.Tests.Server;

public sealed class TelemetryTests
{
    [Fact]
    public void Counters_gauges_and_histograms_are_written_in_the_text_format()
    {
        using var page = new PrometheusText();
        using var meter = new Meter("MediaRelay.Test." + Guid.NewGuid().ToString("N"));
        var refused = meter.CreateCounter<long>("sample.refused", "{request}", "Requests refused.");
        meter.CreateObservableGauge("sample.memory", () => 17.5, "By", "Memory held.");
        var time = meter.CreateHistogram<double>("sample.time", "s", "Time of a step.");
        refused.Add(2, new KeyValuePair<string, object?>("reason", "quota \"a\""));
        refused.Add(1, new KeyValuePair<string, object?>("reason", "quota \"a\""));
        time.Record(0.02);
        time.Record(99);
        var text = page.Write();
        Assert.Contains("# HELP sample_refused_total Requests refused.\n# TYPE sample_refused_total counter\nsample_refused_total{reason=\"quota \\\"a\\\"\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE sample_memory_bytes gauge\nsample_memory_bytes 17.5\n", text, StringComparison.Ordinal);
        Assert.Contains("sample_time_seconds_bucket{le=\"0.01\"} 0\nsample_time_seconds_bucket{le=\"0.025\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("sample_time_seconds_bucket{le=\"+Inf\"} 2\nsample_time_seconds_sum 99.02\nsample_time_seconds_count 2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Series_of_one_instrument_are_bounded_and_the_rest_is_counted()
    {
        using var page = new PrometheusText();
        using var meter = new Meter("MediaRelay.Test." + Guid.NewGuid().ToString("N"));
        var counter = meter.CreateCounter<long>("sample.labels");
        for (var i = 0; i < PrometheusText.MaxSeries + 10; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("user", i));
        }

        Assert.Contains("mediarelay_metrics_dropped_series_total 10\n", page.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_cannot_forge_a_log_line()
    {
        var writer = new StringWriter();
        var entry = new LogEntry<string>(LogLevel.Warning, "MediaRelay.Turn.IO.Shard", new EventId(1001, "Refused"), "user a\nERR forged \u202e\u0007", null, (s, _) => s);
        new LineFormatter().Write(entry, null, writer);
        var line = writer.ToString();
        Assert.EndsWith("WRN Turn.IO.Shard 1001 Refused: user a\\nERR forged \\u202e\\u0007\n", line, StringComparison.Ordinal);
        Assert.Equal(1, line.Count(c => c == '\n'));
    }

    [Theory]
    [InlineData(LogLevel.Warning, "No answer came. <- Connection refused (127.0.0.1:1)\n", false)]
    [InlineData(LogLevel.Error, "", true)]
    public void A_fault_of_the_world_is_told_by_its_reasons_and_a_bug_with_its_stack(LogLevel level, string end, bool stack)
    {
        var writer = new StringWriter();
        var entry = new LogEntry<string>(level, "MediaRelay.Gateway", new EventId(5022, "Unanswered"), "No Event Server answered.", Thrown(), (s, _) => s);
        new LineFormatter().Write(entry, null, writer);
        Assert.EndsWith(end, writer.ToString(), StringComparison.Ordinal);
        Assert.Equal(stack, writer.ToString().Contains(nameof(Thrown), StringComparison.Ordinal));
    }

    private static IOException Thrown()
    {
        try
        {
            throw new IOException("No answer came.", new HttpRequestException("Connection refused (127.0.0.1:1)", new System.Net.Sockets.SocketException(111, "Connection refused (127.0.0.1:1)")));
        }
        catch (IOException e)
        {
            return e;
        }
    }
}
