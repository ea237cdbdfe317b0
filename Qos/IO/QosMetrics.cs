using System.Diagnostics.Metrics;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.IO.Links;

namespace MediaRelay.Qos.IO;

/// <summary>Numbers of the application manager, read from its plain counters when somebody asks.</summary>
public sealed class QosMetrics : IDisposable
{
    private readonly Meter _meter = new("MediaRelay.Qos");

    public QosMetrics(PolicyServerLink link)
    {
        Counter("qos.gate_sets", "Gate-Set commands sent", c => c.GateSets);
        Counter("qos.gate_deletes", "Gate-Delete commands sent", c => c.GateDeletes);
        Counter("qos.gates_acknowledged", "Gate-Set-Acks received", c => c.Acknowledged);
        Counter("qos.gates_refused", "Gate-Set-Errs received", c => c.Refused);
        Counter("qos.gates_unavailable", "Requests without an answer by their deadline", c => c.Unavailable);
        Counter("qos.commands_timed_out", "Commands without an answer in time", c => c.TimedOut);
        Counter("qos.gate_reports", "Gate-Report-States received", c => c.Reports);
        Counter("qos.gates_lost", "Gates that a synchronisation did not find", c => c.Lost);
        Counter("qos.orphans_deleted", "Gates deleted because nobody owned them", c => c.OrphansDeleted);
        Counter("qos.connections", "Sessions opened with policy servers", c => c.Connections);
        Counter("qos.synchronisations", "Complete synchronisations", c => c.Synchronisations);
        _meter.CreateObservableGauge("qos.gates", () => link.GateCount, "{gate}", "Gates asked for or set");
        _meter.CreateObservableGauge("qos.connected", () => link.IsConnected ? 1 : 0, "1", "1 while the policy server is connected");

        void Counter(string name, string text, Func<ManagerCounters, long> read) => _meter.CreateObservableCounter(name, () => read(link.Counters), null, text);
    }

    public void Dispose() => _meter.Dispose();
}
