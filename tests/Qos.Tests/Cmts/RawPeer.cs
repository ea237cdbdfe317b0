using System.Buffers.Binary;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Cmts;

/// <summary>A decision point that can send anything, directly at a CMTS engine.</summary>
internal sealed class RawPeer : IDisposable
{
    public delegate void Add(ref CopsWriter writer);

    private readonly CmtsEmulator _cmts;
    private readonly List<LinkCommand> _commands = [];
    private readonly CountingRandom _random = new(5);
    private CopsConnection _connection;
    private int _link;
    private ushort _transaction;

    public RawPeer(CmtsSettings settings, bool configure = true)
    {
        _cmts = new CmtsEmulator(settings, _random);
        _connection = null!;
        Open(configure);
    }

    public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(500);

    public GateId LastGate { get; private set; }

    public CmtsEmulator Cmts => _cmts;

    public SubscriberId? LastSubscriber { get; private set; }

    /// <summary>Error of a Client-Close that came.</summary>
    public CopsErrorCode CloseError => _connection.CloseError;

    /// <summary>Unsolicited reports that came along.</summary>
    public List<(GateState State, GateReason Reason)> Reports { get; } = [];

    public void Reconnect()
    {
        _cmts.HandleClosed(_link);
        Open(configure: true);
    }

    public void LoseModem(SubscriberId modem)
    {
        _cmts.LoseModem(modem, Now, _commands);
    }

    public (GateCommand Command, PcmmError Error) GateSet(GateRequest request, GateId? id = null, PcmmObject? without = null, Add? more = null, ushort decision = 1) =>
        Send(GateCommand.GateSet, (ref CopsWriter w) =>
        {
            if (without != PcmmObject.Amid) w.AddAmid(new Amid(request.ApplicationType, 0x5678));
            if (without != PcmmObject.SubscriberId) w.AddSubscriber(request.Subscriber);
            if (id is { } gate) w.AddGateId(gate);
            if (without != PcmmObject.GateSpec) w.AddGateSpec(request.Spec);
            if (without != PcmmObject.TrafficProfile) w.AddProfile(request.Profile, PcmmLayout.Current);
            if (without != PcmmObject.Classifier)
            {
                foreach (Classifier classifier in request.Classifiers) w.AddClassifier(classifier);
            }
            if (request.VolumeLimitKilobytes is { } volume) w.AddVolumeLimit(volume);
            if (request.TimeLimitSeconds is { } seconds) w.AddTimeLimit(seconds);
            more?.Invoke(ref w);
        }, decision);

    public (GateCommand Command, PcmmError Error) Delete(GateId id, Amid amid, SubscriberId subscriber) =>
        Send(GateCommand.GateDelete, (ref CopsWriter w) => GateCommands.AddGateReference(ref w, amid, subscriber, id));

    public (GateCommand Command, PcmmError Error) Info(GateId id, Amid amid, SubscriberId subscriber, Psid? psid) => Send(GateCommand.GateInfo, (ref CopsWriter w) =>
    {
        GateCommands.AddGateReference(ref w, amid, subscriber, id);
        if (psid is { } own) w.AddPsid(own);
    });

    public (GateCommand Command, PcmmError Error) Synch(SynchOptions options, SubscriberId? subscriber) => Send(GateCommand.SynchRequest, (ref CopsWriter w) =>
    {
        w.AddPsid(new Psid(77));
        if (subscriber is { } one) w.AddSubscriber(one);
        w.AddSynchOptions(options);
    });

    /// <summary>Sends a command and gives the last answer with its number.</summary>
    public (GateCommand Command, PcmmError Error) Send(GateCommand command, Add body, ushort decision = 1)
    {
        _transaction++;
        CopsWriter writer = _connection.BeginDecision();
        writer.AddTransaction(_transaction, command);
        body(ref writer);
        if (!_connection.Commit(ref writer)) throw new InvalidOperationException("too long");
        byte[] bytes = _connection.Output.Pending.ToArray();
        _connection.Output.Clear();
        if (decision != 1) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(CopsHeader.Size + 8 + 8 + 4), decision);
        _cmts.HandleReceived(_link, bytes, Now, _commands);
        Advance(TimeSpan.FromSeconds(4));
        return _last;
    }

    /// <summary>A decision whose objects lack the transaction; gives the last answer, which stays as it was.</summary>
    public (GateCommand Command, PcmmError Error) SendWithoutTransaction()
    {
        CopsWriter writer = _connection.BeginDecision();
        writer.AddAmid(new Amid(0, 0x5678));
        _connection.Commit(ref writer);
        byte[] bytes = _connection.Output.Pending.ToArray();
        _connection.Output.Clear();
        _cmts.HandleReceived(_link, bytes, Now, _commands);
        Advance(TimeSpan.FromSeconds(1));
        return _last;
    }

    /// <summary>Lets time pass, deadline by deadline, and reads what comes.</summary>
    public void Advance(TimeSpan time)
    {
        Read();
        TimeSpan end = Now + time;
        while (_cmts.NextDeadline is { } next && next <= end)
        {
            Now = next > Now ? next : Now;
            _cmts.HandleDeadline(Now, _commands);
            Read();
        }
        Now = end;
    }

    /// <summary>An action at the CMTS whose reports are read.</summary>
    public void At(Action<CmtsEmulator, List<LinkCommand>> action)
    {
        action(_cmts, _commands);
        Read();
    }

    public void Dispose() => _random.Dispose();

    private (GateCommand Command, PcmmError Error) _last;

    private void Open(bool configure)
    {
        _link++;
        _connection = new CopsConnection(CopsRole.DecisionPoint, new CopsSettings { KeepAlive = TimeSpan.Zero }, _random, Now);
        _cmts.HandleAccepted(_link, "192.0.2.9", Now, _commands);
        Read();
        byte[] accept = _connection.Output.Pending.ToArray();
        _connection.Output.Clear();
        _cmts.HandleReceived(_link, accept, Now, _commands);
        Read();
        if (configure) Send(GateCommand.PdpConfig, (ref CopsWriter w) => w.AddPsid(new Psid(77)));
    }

    private void Read()
    {
        _commands.Clear();
        byte[] bytes = _cmts.PendingOutput(_link).ToArray();
        _cmts.ConsumeOutput(_link, bytes.Length);
        ReadOnlySpan<byte> input = bytes;
        while (_connection.Next(ref input, Now, out CopsMessage message) is not CopsInput.None and var kind)
        {
            if (kind != CopsInput.Message || !PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage report)) continue;
            if (report.Command == GateCommand.GateReportState && report.TryGetState(out GateState state, out GateReason reason))
            {
                Reports.Add((state, reason));
                continue;
            }
            if (report.Transaction != _transaction) continue;
            report.TryGetError(out PcmmError error);
            _last = (report.Command, error);
            LastSubscriber = report.TryGetSubscriber(out SubscriberId subscriber) ? subscriber : null;
            if (report.Command == GateCommand.GateSetAck && report.TryGetGateId(out GateId id)) LastGate = id;
        }
    }
}
