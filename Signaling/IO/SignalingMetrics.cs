using System.Diagnostics.Metrics;

namespace MediaRelay.Signaling.IO;

/// <summary>The meter of this assembly. Counters are plain numbers that are read when somebody asks.</summary>
public sealed class SignalingMetrics : IDisposable
{
    private readonly Meter _meter = new("MediaRelay.Signaling.IO");
    private readonly Histogram<double> _acknowledge;
    private long _events;
    private long _duplicates;
    private long _rejected;
    private long _instructions;
    private long _requests;
    private long _refused;
    private long _faults;
    private long _authenticationFailures;

    public SignalingMetrics()
    {
        _meter.CreateObservableCounter("signaling.events", () => Volatile.Read(ref _events), "{event}", "Events stored.");
        _meter.CreateObservableCounter("signaling.events.duplicate", () => Volatile.Read(ref _duplicates), "{event}", "Events that came again and were acknowledged only.");
        _meter.CreateObservableCounter("signaling.events.rejected", () => Volatile.Read(ref _rejected), "{event}", "Events that could not be read.");
        _meter.CreateObservableCounter("signaling.events.fault", () => Volatile.Read(ref _faults), "{event}", "Event ids that came again with another number.");
        _meter.CreateObservableCounter("signaling.instructions", () => Volatile.Read(ref _instructions), "{instruction}", "Instructions sent to gateways.");
        _meter.CreateObservableCounter("signaling.requests", () => Volatile.Read(ref _requests), "{request}", "Requests of gateways.");
        _meter.CreateObservableCounter("signaling.requests.refused", () => Volatile.Read(ref _refused), "{request}", "Requests answered with an error.");
        _meter.CreateObservableCounter("signaling.authentication.failures", () => Volatile.Read(ref _authenticationFailures), "{failure}", "Wrong digest answers and claim codes.");
        _acknowledge = _meter.CreateHistogram<double>("signaling.events.acknowledge", "s", "Time from the end of a POST's body until its events are durable.");
    }

    /// <summary>Adds a gauge that is read when somebody asks.</summary>
    public void Observe(string name, Func<long> value, string unit, string description) => _meter.CreateObservableGauge(name, value, unit, description);

    internal void CountEvents(int stored, int duplicates, int rejected, int faults)
    {
        Interlocked.Add(ref _events, stored);
        if (duplicates > 0)
            Interlocked.Add(ref _duplicates, duplicates);
        if (rejected > 0)
            Interlocked.Add(ref _rejected, rejected);
        if (faults > 0)
            Interlocked.Add(ref _faults, faults);
    }

    internal void CountInstructions(int count) => Interlocked.Add(ref _instructions, count);

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    internal void CountRefused() => Interlocked.Increment(ref _refused);

    internal void CountAuthenticationFailure() => Interlocked.Increment(ref _authenticationFailures);

    internal void RecordAcknowledge(TimeSpan time) => _acknowledge.Record(time.TotalSeconds);

    public void Dispose() => _meter.Dispose();
}
