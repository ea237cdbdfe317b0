using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace MediaRelay.Server.Telemetry;

/// <summary>
/// Listens to the program's meters and writes them in the Prometheus text format 0.0.4. Observable instruments are read when the page
/// is asked for; counters and histograms are summed as they are reported. Series are bounded per instrument.
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>Most label sets kept per instrument; further ones are counted into <c>mediarelay_metrics_dropped_series_total</c>.</summary>
    public const int MaxSeries = 2000;

    private static readonly double[] Bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, ConcurrentDictionary<string, Series>> _instruments = new();
    private long _dropped;

    public PrometheusText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (IsOurs(instrument.Meter.Name))
            {
                _instruments.TryAdd(instrument, new(StringComparer.Ordinal));
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((i, v, t, _) => Add(i, v, t));
        _listener.SetMeasurementEventCallback<int>((i, v, t, _) => Add(i, v, t));
        _listener.SetMeasurementEventCallback<double>((i, v, t, _) => Add(i, v, t));
        _listener.SetMeasurementEventCallback<float>((i, v, t, _) => Add(i, v, t));
        _listener.SetMeasurementEventCallback<short>((i, v, t, _) => Add(i, v, t));
        _listener.SetMeasurementEventCallback<byte>((i, v, t, _) => Add(i, v, t));
        _listener.SetMeasurementEventCallback<decimal>((i, v, t, _) => Add(i, (double)v, t));
        _listener.Start();
    }

    public string Write()
    {
        lock (_listener)
        {
            foreach (var (instrument, series) in _instruments)
            {
                if (instrument.IsObservable)
                {
                    series.Clear();
                }
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder(16_384);
            var written = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (instrument, series) in _instruments.OrderBy(p => Name(p.Key), StringComparer.Ordinal))
            {
                if (!series.IsEmpty)
                {
                    WriteInstrument(text, instrument, series, written);
                }
            }

            text.Append("# TYPE mediarelay_metrics_dropped_series_total counter\nmediarelay_metrics_dropped_series_total ").Append(_dropped).Append('\n');
            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    /// <summary><c>turn.allocations</c> with unit <c>By</c> becomes <c>turn_allocations_bytes</c>; counters end in <c>_total</c>.</summary>
    internal static string Name(Instrument instrument)
    {
        var name = new StringBuilder(instrument.Name.Length + 16);
        foreach (var c in instrument.Name)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", "%" => "_percent", _ => "" };
        if (unit.Length > 0 && !name.ToString().EndsWith(unit, StringComparison.Ordinal))
        {
            name.Append(unit);
        }

        if (IsCounter(instrument) && !name.ToString().EndsWith("_total", StringComparison.Ordinal))
        {
            name.Append("_total");
        }

        return name.ToString();
    }

    private static bool IsOurs(string meter) =>
        meter.StartsWith("MediaRelay", StringComparison.Ordinal) || meter is "System.Runtime" or "Microsoft.AspNetCore.Server.Kestrel" or "Microsoft.AspNetCore.Hosting";

    private static bool IsCounter(Instrument instrument) => Kind(instrument) is "Counter`1" or "ObservableCounter`1";

    private static bool IsHistogram(Instrument instrument) => Kind(instrument) == "Histogram`1";

    private static bool IsSum(Instrument instrument) => Kind(instrument) is "Counter`1" or "UpDownCounter`1";

    private static string Kind(Instrument instrument) => instrument.GetType().Name;

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_instruments.TryGetValue(instrument, out var all))
        {
            return;
        }

        var key = Labels(tags);
        if (!all.TryGetValue(key, out var series))
        {
            if (all.Count >= MaxSeries)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            series = all.GetOrAdd(key, _ => new Series(IsHistogram(instrument) ? new long[Bounds.Length + 1] : null));
        }

        lock (series)
        {
            series.Count++;
            series.Value = IsSum(instrument) || IsHistogram(instrument) ? series.Value + value : value;
            if (series.Buckets is { } buckets)
            {
                var index = 0;
                while (index < Bounds.Length && value > Bounds[index])
                {
                    index++;
                }

                buckets[index]++;
            }
        }
    }

    private static void WriteInstrument(StringBuilder text, Instrument instrument, ConcurrentDictionary<string, Series> all, HashSet<string> written)
    {
        var name = Name(instrument);
        if (written.Add(name))
        {
            text.Append("# HELP ").Append(name).Append(' ').Append((instrument.Description ?? instrument.Name).Replace("\n", " ", StringComparison.Ordinal)).Append('\n');
            text.Append("# TYPE ").Append(name).Append(IsHistogram(instrument) ? " histogram" : IsCounter(instrument) ? " counter" : " gauge").Append('\n');
        }

        foreach (var (labels, series) in all.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            lock (series)
            {
                if (series.Buckets is { } buckets)
                {
                    WriteHistogram(text, name, labels, series, buckets);
                }
                else
                {
                    Sample(text, name, labels, series.Value);
                }
            }
        }
    }

    private static void WriteHistogram(StringBuilder text, string name, string labels, Series series, long[] buckets)
    {
        long sum = 0;
        for (var i = 0; i <= Bounds.Length; i++)
        {
            sum += buckets[i];
            var bound = i < Bounds.Length ? Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            Sample(text, name + "_bucket", labels.Length == 0 ? $"le=\"{bound}\"" : $"{labels},le=\"{bound}\"", sum);
        }

        Sample(text, name + "_sum", labels, series.Value);
        Sample(text, name + "_count", labels, series.Count);
    }

    private static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            foreach (var c in key)
            {
                text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            }

            text.Append("=\"");
            foreach (var c in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
            {
                text.Append(c switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", _ => char.IsControl(c) ? "?" : c.ToString() });
            }

            text.Append('"');
        }

        return text.ToString();
    }

    private sealed class Series(long[]? buckets)
    {
        public long[]? Buckets { get; } = buckets;

        public double Value { get; set; }

        public long Count { get; set; }
    }
}
