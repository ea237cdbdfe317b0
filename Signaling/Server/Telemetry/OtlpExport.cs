using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace MediaRelay.Server.Telemetry;

/// <summary>Sends meters and traces of this program to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names; all further settings come from the OTEL_ variables.</summary>
internal sealed class OtlpExport : IDisposable
{
    private readonly MeterProvider? _meters = Sdk.CreateMeterProviderBuilder().AddMeter("MediaRelay*", "System.Runtime").AddOtlpExporter().Build();
    private readonly TracerProvider? _traces = Sdk.CreateTracerProviderBuilder().AddSource("MediaRelay*").AddOtlpExporter().Build();

    public void Dispose()
    {
        _meters?.Dispose();
        _traces?.Dispose();
    }
}
