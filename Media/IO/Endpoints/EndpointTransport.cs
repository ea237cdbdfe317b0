using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Dtls;
using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.Sdp;
using MediaRelay.Media.Srtp;
using MediaRelay.Stun;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>
/// Sockets, ICE, DTLS and SRTP of one endpoint, on the loop's thread. DTLS and SRTP are taken only from addresses that an ICE check has
/// proved, keys are used only after the peer's fingerprint matched, and nothing is sent without consent.
/// </summary>
internal sealed class EndpointTransport : LoopMember, IDatagramHandler, IDisposable
{
    private const int Room = MediaPacket.Capacity;

    private readonly MediaLoop _loop;
    private readonly IEndpointEvents _events;
    private readonly DtlsContext _dtlsContext;
    private readonly MediaOptions _options;
    private readonly IceAgent _agent;
    private readonly List<IceCommand> _commands = [];
    private readonly Dictionary<int, UdpPort> _ports = [];
    private readonly Dictionary<int, RelayStream> _streams = [];
    private readonly byte[] _outgoing = GC.AllocateArray<byte>(IceAgent.Headroom + Room + SrtpContext.MaxOverhead + IceAgent.Tailroom, pinned: true);
    private readonly byte[] _plain = new byte[Room];
    private DtlsSession? _dtls;
    private DtlsRole _role;
    private IReadOnlyList<DtlsFingerprint> _fingerprints = [];
    private SrtpContext? _sending;
    private SrtpContext? _receiving;
    private TimeSpan? _dtlsDeadline;
    private bool _carryingOut;
    private bool _closed;

    public EndpointTransport(MediaLoop loop, IEndpointEvents events, DtlsContext dtls, IceConfiguration ice, MediaOptions options, RandomNumberGenerator random)
    {
        _loop = loop;
        _events = events;
        _dtlsContext = dtls;
        _options = options;
        _agent = new IceAgent(ice, random);
    }

    public EndpointCounters Counters { get; } = new();

    public IceCredentials LocalCredentials => _agent.LocalCredentials;

    public IceAgent Agent => _agent;

    public DtlsSession? Dtls => _dtls;

    /// <summary>When each step of the start was reached, for statistics.</summary>
    public EndpointTimeline Timeline { get; } = new();

    public MediaEndpointState State { get; private set; }

    public override TimeSpan? NextDeadline
    {
        get
        {
            var next = _agent.NextDeadline;
            if (_dtls?.NextDeadline is { } dtls && (next is null || dtls < next)) next = dtls;
            if (_dtlsDeadline is { } limit && (next is null || limit < next)) next = limit;
            return next;
        }
    }

    /// <summary>Opens a socket on each address and starts gathering. Addresses that cannot be bound are left out.</summary>
    public void Start(IReadOnlyList<IPAddress> addresses, int dscp, TimeSpan now)
    {
        Timeline.Created = now;
        var sockets = new List<LocalSocket>();
        foreach (var address in addresses)
        {
            try
            {
                var range = Math.Max(1, _options.PortMax - _options.PortMin + 1);
                var port = UdpPort.Bind(address, _options.PortMin, _options.PortMax, RandomNumberGenerator.GetInt32(range));
                if (dscp > 0) port.SetDscp(dscp);
                port.Handler = this;
                _loop.Add(port);
                _ports.Add(_ports.Count, port);
                sockets.Add(new LocalSocket(_ports.Count - 1, port.LocalAddress));
            }
            catch (SocketException)
            {
                Counters.SocketsRefused++;
            }
        }
        _agent.Start(sockets, now, _commands);
        CarryOut(now);
    }

    /// <summary>Takes the peer's transport: credentials, candidates, DTLS role and fingerprints. False when the credentials are invalid.</summary>
    public bool SetRemote(RemoteTransport remote, IReadOnlyList<DtlsFingerprint> fingerprints, TimeSpan now)
    {
        _fingerprints = fingerprints;
        _role = remote.IsDtlsClient ? DtlsRole.Client : DtlsRole.Server;
        if (!_agent.HandleRemoteDescription(new IceCredentials(remote.IceUfrag, remote.IcePwd), remote.IsIceLite, now, _commands)) return false;
        foreach (var line in remote.Candidates) AddCandidateLine(line, now);
        if (remote.HasAllCandidates) _agent.HandleRemoteEndOfCandidates(now, _commands);
        SetState(State == MediaEndpointState.New ? MediaEndpointState.Connecting : State, null);
        CarryOut(now);
        return true;
    }

    public void AddCandidate(string line, TimeSpan now)
    {
        AddCandidateLine(line, now);
        CarryOut(now);
    }

    public void EndCandidates(TimeSpan now)
    {
        _agent.HandleRemoteEndOfCandidates(now, _commands);
        CarryOut(now);
    }

    public void Restart(TimeSpan now)
    {
        _agent.HandleRestart(now, _commands);
        CarryOut(now);
    }

    /// <summary>Protects and sends an RTP packet that was written into <see cref="Payload"/>.</summary>
    public bool SendRtp(int length, TimeSpan now)
    {
        if (_sending is null) return false;
        var span = _outgoing.AsSpan(IceAgent.Headroom, Room + SrtpContext.MaxOverhead);
        return _sending.ProtectRtp(span, length, out var written) == SrtpStatus.Ok && Send(written, now);
    }

    /// <summary>Protects and sends an RTCP packet that was written into <see cref="Payload"/>.</summary>
    public bool SendRtcp(int length, TimeSpan now)
    {
        if (_sending is null) return false;
        var span = _outgoing.AsSpan(IceAgent.Headroom, Room + SrtpContext.MaxOverhead);
        return _sending.ProtectRtcp(span, length, out var written) == SrtpStatus.Ok && Send(written, now);
    }

    /// <summary>Where the next packet to send is written.</summary>
    public Span<byte> Payload => _outgoing.AsSpan(IceAgent.Headroom, Room);

    public void HandleDatagram(UdpPort port, TransportAddress from, Span<byte> datagram, TimeSpan now)
    {
        var id = IdOf(port);
        switch (_agent.TryReceive(id, from, datagram, now, out var data))
        {
            case IceVerdict.Control:
                _agent.HandleDatagram(id, from, datagram, now, _commands);
                CarryOut(now);
                break;
            case IceVerdict.Data:
                HandleData(datagram.Slice(OffsetOf(datagram, data), data.Length), now);
                break;
            default:
                Counters.Dropped++;
                break;
        }
    }

    public override void HandleDeadline(TimeSpan now)
    {
        _agent.HandleDeadline(now, _commands);
        CarryOut(now);
        if (_dtls is { } dtls && dtls.NextDeadline is { } due && due <= now)
        {
            dtls.HandleDeadline(now);
            FlushDtls(now);
        }
        if (_dtlsDeadline is { } limit && now >= limit) Fail("the DTLS handshake did not end in time");
    }

    /// <summary>Says goodbye by DTLS, gives relays back and closes the sockets.</summary>
    public void Close(TimeSpan now)
    {
        // Not by the state: that is Closed too when the peer has said goodbye, and then everything is still to be given back.
        if (_closed) return;
        _closed = true;
        _dtls?.Close();
        FlushDtls(now);
        _agent.HandleClose(now, _commands);
        CarryOut(now);
        SetState(MediaEndpointState.Closed, "closed by its owner");
        Dispose();
    }

    public void Dispose()
    {
        foreach (var port in _ports.Values) _loop.Remove(port);
        _ports.Clear();
        foreach (var stream in _streams.Values) stream.Close();
        _streams.Clear();
        _dtls?.Dispose();
        _sending?.Dispose();
        _receiving?.Dispose();
        (_sending, _receiving, _dtlsDeadline) = (null, null, null);
    }

    private static int OffsetOf(Span<byte> whole, ReadOnlySpan<byte> part) =>
        (int)System.Runtime.CompilerServices.Unsafe.ByteOffset(
            ref System.Runtime.InteropServices.MemoryMarshal.GetReference(whole),
            ref System.Runtime.InteropServices.MemoryMarshal.GetReference(part));

    private int IdOf(UdpPort port)
    {
        foreach (var (id, known) in _ports)
        {
            if (known == port) return id;
        }
        return -1;
    }

    private void AddCandidateLine(string line, TimeSpan now)
    {
        var text = line.StartsWith("candidate:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("a=", StringComparison.Ordinal) ? line : "candidate:" + line;
        if (Candidate.TryRead(text, out var candidate, out _)) _agent.HandleRemoteCandidate(candidate!, now, _commands);
        else Counters.CandidatesRefused++;
    }

    // RFC 7983 section 7: 20-63 is DTLS, 128-191 is RTP or RTCP.
    private void HandleData(Span<byte> data, TimeSpan now)
    {
        if (data.IsEmpty) return;
        if (data[0] is >= 128 and <= 191)
        {
            HandleSrtp(data, now);
            return;
        }
        if (data[0] is < 20 or > 63) return;
        StartDtls(now);
        _dtls!.HandleDatagram(data, now);
        while (_dtls.Read(_plain) > 0) { } // Application data has no use here; alerts are taken on the way.
        FlushDtls(now);
    }

    private void HandleSrtp(Span<byte> data, TimeSpan now)
    {
        if (_receiving is null || data.Length < 12)
        {
            Counters.Dropped++;
            return;
        }
        var isRtcp = data[1] is >= 192 and <= 223; // RFC 5761 section 4
        var status = isRtcp ? _receiving.UnprotectRtcp(data, out var length) : _receiving.UnprotectRtp(data, out length);
        if (status != SrtpStatus.Ok)
        {
            Counters.SrtpRefused++;
            return;
        }
        Counters.PacketsReceived++;
        Counters.BytesReceived += length;
        if (isRtcp) _events.HandleRtcp(data[..length], now);
        else _events.HandleRtp(data[..length], now);
    }

    private bool Send(int length, TimeSpan now)
    {
        if (!_agent.TrySend(_outgoing, IceAgent.Headroom, length, now, out var route))
        {
            Counters.SendsWithoutConsent++;
            return false;
        }
        var bytes = _outgoing.AsSpan(route.Offset, route.Length);
        if (route.IsStream)
        {
            if (!_streams.TryGetValue(route.StreamId, out var stream)) return false;
            stream.Send(bytes);
        }
        else if (!_ports.TryGetValue(route.SocketId, out var port) || !port.Send(route.To, bytes))
        {
            Counters.SendFailures++;
            return false;
        }
        Counters.PacketsSent++;
        Counters.BytesSent += length;
        return true;
    }

    private void StartDtls(TimeSpan now)
    {
        if (_dtls is not null) return;
        Timeline.PairFound ??= now;
        _dtls = new DtlsSession(_dtlsContext, _role);
        _dtlsDeadline = now + _options.DtlsTimeout;
        _dtls.Start(now);
        FlushDtls(now);
    }

    private void FlushDtls(TimeSpan now)
    {
        if (_dtls is not { } dtls) return;
        var buffer = _outgoing.AsSpan(IceAgent.Headroom, Room);
        while (dtls.TryTakeDatagram(buffer, out var length)) Send(length, now);
        if (dtls.State == DtlsState.Failed) Fail($"the DTLS handshake failed: {dtls.Failure}");
        else if (dtls.State == DtlsState.Closed && !_closed && State is not (MediaEndpointState.Closed or MediaEndpointState.Failed)) SetState(MediaEndpointState.Closed, "the peer said goodbye");
        else if (dtls.State == DtlsState.Connected && _sending is null && State != MediaEndpointState.Failed) UseKeys(dtls, now);
        _loop.Schedule(this);
    }

    // RFC 5763 section 5: a certificate that does not match the signalled fingerprint is an attack, and its keys are not touched.
    private void UseKeys(DtlsSession dtls, TimeSpan now)
    {
        _dtlsDeadline = null;
        var matches = false;
        foreach (var fingerprint in _fingerprints) matches |= fingerprint.IsAcceptable && fingerprint.Matches(dtls.PeerCertificate.Span);
        if (!matches)
        {
            Fail("the certificate of the peer does not match its fingerprint");
            return;
        }
        if (dtls.SrtpProfile == DtlsSrtpProfile.None)
        {
            Fail("the peer offered no SRTP profile of ours");
            return;
        }
        var profile = dtls.SrtpProfile == DtlsSrtpProfile.AeadAes128Gcm ? SrtpProfile.AeadAes128Gcm : SrtpProfile.Aes128CmSha1Tag80;
        var keys = new byte[SrtpKey.ExporterLength(profile)];
        dtls.ExportSrtpKeys(keys);
        var (send, receive) = SrtpKey.FromExporter(profile, keys, dtls.Role == DtlsRole.Client);
        _sending = new SrtpContext(send);
        _receiving = new SrtpContext(receive);
        CryptographicOperations.ZeroMemory(keys);
        Timeline.Secured = now;
        SetState(MediaEndpointState.Connected, null);
    }

    private void Fail(string reason)
    {
        _dtlsDeadline = null;
        _sending?.Dispose();
        _receiving?.Dispose();
        (_sending, _receiving) = (null, null);
        SetState(MediaEndpointState.Failed, reason);
    }

    private void SetState(MediaEndpointState state, string? reason)
    {
        if (State == state || State == MediaEndpointState.Closed) return;
        State = state;
        _events.HandleTransportState(state, reason);
    }

    private void CarryOut(TimeSpan now)
    {
        if (_carryingOut) return;
        _carryingOut = true;
        for (var i = 0; i < _commands.Count; i++) CarryOut(_commands[i], now);
        _commands.Clear();
        _carryingOut = false;
        _loop.Schedule(this);
    }

    private void CarryOut(IceCommand command, TimeSpan now)
    {
        switch (command)
        {
            case IceCommand.SendDatagram send:
                if (_ports.TryGetValue(send.SocketId, out var port)) port.Send(send.To, send.Bytes.Span);
                break;
            case IceCommand.SendStream send:
                if (_streams.TryGetValue(send.StreamId, out var stream)) stream.Send(send.Bytes.Span);
                break;
            case IceCommand.OpenStream open: OpenStream(open.StreamId, open.Server); break;
            case IceCommand.CloseStream close:
                if (_streams.Remove(close.StreamId, out var closing)) closing.Close();
                break;
            case IceCommand.CandidateFound found: _events.HandleCandidate(found.Candidate); break;
            case IceCommand.GatheringCompleted:
                Timeline.Gathered ??= now;
                _events.HandleGatheringCompleted();
                break;
            case IceCommand.PairSelected: HandlePair(now); break;
            case IceCommand.StateChanged changed: HandleIceState(changed.State); break;
        }
    }

    private void HandlePair(TimeSpan now)
    {
        Timeline.PairFound ??= now;
        if (_fingerprints.Count > 0 && (_role == DtlsRole.Client || _dtls is not null)) StartDtls(now);
    }

    private void HandleIceState(IceState state)
    {
        switch (state)
        {
            case IceState.Failed: SetState(MediaEndpointState.Failed, "no ICE pair works, or consent is lost"); break;
            case IceState.Disconnected when State == MediaEndpointState.Connected: SetState(MediaEndpointState.Disconnected, null); break;
            case IceState.Connected or IceState.Completed when _sending is not null: SetState(MediaEndpointState.Connected, null); break;
            case IceState.Checking when State == MediaEndpointState.New: SetState(MediaEndpointState.Connecting, null); break;
        }
    }

    private void OpenStream(int id, IceServer server) =>
        _streams[id] = new RelayStream(_loop, server, _options.RelayAuthorityFile, TimeSpan.FromSeconds(8),
            () => WithStream(id, now => _agent.HandleStreamOpened(id, now, _commands)),
            bytes => WithStream(id, now => HandleStreamBytes(id, bytes, now)),
            reason =>
            {
                if (reason is not null && _streams.ContainsKey(id) && State != MediaEndpointState.Closed) _events.HandleRelayFault(server, reason);
                WithStream(id, now => _agent.HandleStreamClosed(id, now, _commands));
                _streams.Remove(id);
            });

    private void WithStream(int id, Action<TimeSpan> work)
    {
        if (!_streams.ContainsKey(id) || State == MediaEndpointState.Closed) return;
        var now = _loop.Now;
        work(now);
        CarryOut(now);
    }

    private void HandleStreamBytes(int id, byte[] bytes, TimeSpan now)
    {
        _agent.HandleStreamBytes(id, bytes, now, _commands);
        while (_agent.TryReadStream(id, now, _commands, out var data))
        {
            var packet = data.ToArray();
            CarryOut(now);
            HandleData(packet, now);
        }
        CarryOut(now);
    }
}
