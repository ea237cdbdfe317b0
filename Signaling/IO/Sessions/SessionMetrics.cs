using System.Diagnostics.Metrics;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>Numbers of look-ins: how many, how they ended, and when each step was reached.</summary>
internal sealed class SessionMetrics : IDisposable
{
    private static readonly HashSet<string> s_steps = new(StringComparer.Ordinal) { "offered", "answered", "connected", "path", "gate", "first-frame", "playing", "restart", "ended" };
    private static readonly HashSet<string> s_gatewaySteps = new(StringComparer.Ordinal) { "gathered", "pairFound", "secured", "firstPacket", "firstKeyFrame" };
    private readonly Meter _meter = new("MediaRelay.Signaling.IO.Sessions");
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _step;
    private readonly Histogram<double> _gatewayStep;

    public SessionMetrics()
    {
        _ended = _meter.CreateCounter<long>("signaling.sessions.ended", "{session}", "Look-ins that ended, by reason.");
        _step = _meter.CreateHistogram<double>("signaling.session.step", "s", "Time from the request of a look-in to each of its steps.");
        _gatewayStep = _meter.CreateHistogram<double>("signaling.session.gateway.step", "s", "Time from the gateway's receipt of the offer to each step of its endpoint.");
    }

    public void Observe(Func<long> running) => _meter.CreateObservableGauge("signaling.sessions", running, "{session}", "Look-ins that run.");

    public void Count(MediaSession session, IReadOnlyDictionary<string, double>? gatewaySteps, SessionFailure reason)
    {
        _ended.Add(1, new KeyValuePair<string, object?>("reason", reason.Type));
        foreach (SessionStep step in session.Steps)
        {
            // A viewer names its own steps; only known ones become a series.
            if (s_steps.Contains(step.Name))
                _step.Record(step.After.TotalSeconds, new KeyValuePair<string, object?>("step", step.Name));
        }

        foreach (var (name, milliseconds) in gatewaySteps ?? new Dictionary<string, double>())
        {
            if (s_gatewaySteps.Contains(name))
                _gatewayStep.Record(milliseconds / 1000, new KeyValuePair<string, object?>("step", name));
        }
    }

    public void Dispose() => _meter.Dispose();
}
