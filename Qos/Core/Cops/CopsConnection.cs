using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cops;

/// <summary>
/// One COPS association over one transport connection, either end: framing, open and accept with version negotiation, keep-alives,
/// request handle, close. The owner feeds received bytes to <see cref="Next"/>, sends what <see cref="Output"/> holds, and calls
/// <see cref="HandleDeadline"/> when <see cref="NextDeadline"/> has come.
/// </summary>
/// <remarks><code>
///   enforcement point (listens)                    decision point (dials)
///     Opening  -- OPN(version) ------------------>  Opening
///              &lt;-- CC 4 (version refused, again) --
///              &lt;-- CAT(keep-alive) ---------------  Accepted
///     Open     -- REQ(handle) ------------------->  Open
///              &lt;-- DEC ... RPT ------------------>
/// </code></remarks>
internal sealed class CopsConnection
{
    private enum State { Opening, Accepted, Open, Closed }

    private const int MaxHandles = 4;
    private const int MaxHandleLength = 255;
    private const uint ConfigurationContext = 0x0008_0000;
    private readonly CopsRole _role;
    private readonly CopsSettings _settings;
    private readonly RandomNumberGenerator _random;
    private readonly List<byte[]> _handles = [];
    private State _state = State.Opening;
    private byte[] _partial = [];
    private int _partialLength;
    private int _partialNeeded;
    private bool _partialTaken;
    private bool _closeReported;
    private bool _firstDecision = true;
    private int _offered;
    private TimeSpan _keepAlive;
    private TimeSpan _lastReceived;
    private readonly TimeSpan _openDeadline;
    private TimeSpan _frameDeadline = TimeSpan.MaxValue;
    private TimeSpan _nextKeepAlive = TimeSpan.MaxValue;

    public CopsConnection(CopsRole role, CopsSettings settings, RandomNumberGenerator random, TimeSpan now)
    {
        _role = role;
        _settings = settings;
        _random = random;
        Output = new ByteQueue(settings.MaxOutput);
        _lastReceived = now;
        _openDeadline = now + settings.OpenTimeout;
        if (role == CopsRole.EnforcementPoint) SendOpen(settings.Offered[0]);
    }

    /// <summary>Bytes for the transport.</summary>
    public ByteQueue Output { get; }

    public bool IsOpen => _state == State.Open;

    public bool IsClosed => _state == State.Closed;

    public CopsCloseReason CloseReason { get; private set; }

    /// <summary>The error of the peer's Client-Close, or of ours.</summary>
    public CopsErrorCode CloseError { get; private set; }

    public PcmmVersion Version { get; private set; }

    /// <summary>Name that the enforcement point gave itself; empty at the enforcement point.</summary>
    public string PeerName { get; private set; } = "";

    public TimeSpan? NextDeadline
    {
        get
        {
            if (_state == State.Closed) return null;
            TimeSpan next = Min(_frameDeadline, _nextKeepAlive);
            if (_state != State.Open) next = Min(next, _openDeadline);
            if (_keepAlive > TimeSpan.Zero) next = Min(next, _lastReceived + _keepAlive);
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    /// <summary>Takes messages out of <paramref name="input"/> until one concerns the owner. <paramref name="message"/> is valid until the next call.</summary>
    public CopsInput Next(ref ReadOnlySpan<byte> input, TimeSpan now, out CopsMessage message)
    {
        message = default;
        while (_state != State.Closed && TryTakeFrame(ref input, now, out ReadOnlySpan<byte> frame))
        {
            if (!CopsMessage.TryRead(frame, out CopsMessage read, out CopsFault fault))
            {
                Refuse(fault, CopsCloseReason.BadFrame);
                break;
            }
            _lastReceived = now;
            CopsInput result = _role == CopsRole.EnforcementPoint ? HandleFromDecider(read, now) : HandleFromEnforcer(read);
            if (result == CopsInput.None) continue;
            message = read;
            return result;
        }
        return TakeClosed();
    }

    public CopsInput HandleDeadline(TimeSpan now)
    {
        if (_state == State.Closed) return TakeClosed();
        if (now >= _frameDeadline) Refuse(CopsFault.BadFormat, CopsCloseReason.FrameTimeout);
        else if (_state != State.Open && now >= _openDeadline) Refuse(new CopsFault(CopsErrorCode.CommunicationFailure), CopsCloseReason.OpenTimeout);
        else if (_keepAlive > TimeSpan.Zero && now >= _lastReceived + _keepAlive)
        {
            Refuse(new CopsFault(CopsErrorCode.CommunicationFailure), CopsCloseReason.KeepAliveTimeout);
        }
        else if (now >= _nextKeepAlive)
        {
            SendKeepAlive();
            ScheduleKeepAlive(now);
        }
        return TakeClosed();
    }

    /// <summary>The transport broke or the peer closed it.</summary>
    public CopsInput HandleTransportLost()
    {
        EndSession(CopsCloseReason.TransportLost);
        return TakeClosed();
    }

    /// <summary>Leaves in order: an enforcement point deletes its request first; both say error 11.</summary>
    public CopsInput ShutDown()
    {
        if (_state == State.Closed) return CopsInput.None;
        if (_role == CopsRole.EnforcementPoint && _state == State.Open) SendDeleteRequest(_handles[0], CopsReasonCode.Tear);
        Refuse(new CopsFault(CopsErrorCode.ShuttingDown), CopsCloseReason.ShutDown);
        return TakeClosed();
    }

    /// <summary>Ends the session because of what a PCMM object was: a frame that cannot be trusted.</summary>
    public CopsInput Refuse(CopsErrorCode code)
    {
        Refuse(new CopsFault(code), CopsCloseReason.BadFrame);
        return TakeClosed();
    }

    /// <summary>Begins a decision; the owner adds PCMM objects and hands it to <see cref="Commit"/>.</summary>
    public CopsWriter BeginDecision(int size = 2048)
    {
        Debug.Assert(_role == CopsRole.DecisionPoint, "only a decision point decides");
        var writer = new CopsWriter(IsOpen ? Output.Reserve(size) : default, CopsOpCode.Decision, _firstDecision);
        if (!IsOpen) return writer;
        _firstDecision = false;
        writer.AddBytes((byte)CopsClass.Handle, 1, _handles[0]);
        writer.AddUInt32((byte)CopsClass.Context, 1, ConfigurationContext);
        writer.AddPair((byte)CopsClass.Decision, 1, 1, _settings.DecisionFlags);
        writer.BeginPayload(CopsClass.Decision, 4);
        return writer;
    }

    /// <summary>Begins a report; accounting reports are unsolicited, the others answer a decision.</summary>
    public CopsWriter BeginReport(CopsReportType type, int size = 2048)
    {
        Debug.Assert(_role == CopsRole.EnforcementPoint, "only an enforcement point reports");
        var writer = new CopsWriter(IsOpen ? Output.Reserve(size) : default, CopsOpCode.ReportState, type != CopsReportType.Accounting);
        if (!IsOpen) return writer;
        writer.AddBytes((byte)CopsClass.Handle, 1, _handles[0]);
        writer.AddPair((byte)CopsClass.ReportType, 1, (ushort)type, 0);
        writer.BeginPayload(CopsClass.ClientSpecific, 1);
        return writer;
    }

    /// <summary>Queues a finished message. A queue beyond its limit ends the session; a closed session takes nothing.</summary>
    public bool Commit(ref CopsWriter writer)
    {
        if (_state == State.Closed) return false;
        if (writer.TryFinish(out int length))
        {
            Output.Advance(length);
            return true;
        }
        EndSession(CopsCloseReason.OutputLimit);
        return false;
    }

    private CopsInput HandleFromEnforcer(in CopsMessage message)
    {
        switch (message.Header.OpCode)
        {
            case CopsOpCode.KeepAlive:
                SendKeepAlive();
                return CopsInput.None;
            case CopsOpCode.ClientClose:
                CloseError = message.Error;
                EndSession(CopsCloseReason.PeerClosed);
                return CopsInput.None;
            case CopsOpCode.ClientOpen when _state == State.Opening:
                HandleOpen(message);
                return CopsInput.None;
            case CopsOpCode.Request when _state is State.Accepted or State.Open:
                if (!AddHandle(message.Handle)) return CopsInput.None;
                if (_state == State.Open) return CopsInput.None;
                _state = State.Open;
                return CopsInput.Opened;
            case CopsOpCode.ReportState when _state == State.Open:
                return IndexOfHandle(message.Handle) >= 0 ? CopsInput.Message : CopsInput.None;
            case CopsOpCode.DeleteRequestState when _state == State.Open:
                int index = IndexOfHandle(message.Handle);
                if (index >= 0) _handles.RemoveAt(index);
                if (_handles.Count == 0) EndSession(CopsCloseReason.PeerClosed);
                return CopsInput.None;
            case CopsOpCode.SynchronizeComplete:
                return CopsInput.None;
            default:
                Refuse(CopsFault.BadFormat, CopsCloseReason.BadFrame);
                return CopsInput.None;
        }
    }

    private void HandleOpen(in CopsMessage message)
    {
        if (!PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects))
        {
            Refuse(CopsFault.BadFormat, CopsCloseReason.BadFrame);
            return;
        }
        if (!objects.TryGetVersion(out PcmmVersion version))
        {
            Refuse(new CopsFault(CopsErrorCode.MandatoryClientSpecificMissing), CopsCloseReason.BadFrame);
            return;
        }
        PeerName = Encoding.Latin1.GetString(message.PepId);
        if (_settings.ExpectedName is { } expected && PeerName != expected)
        {
            Refuse(new CopsFault(CopsErrorCode.AuthenticationFailure), CopsCloseReason.BadFrame);
            return;
        }
        if (version.Major < _settings.LowestMajor || version.Major > _settings.HighestMajor)
        {
            SendClose(new CopsFault(CopsErrorCode.UnableToProcess)); // The enforcement point may offer another version on the same transport.
            return;
        }
        Version = version;
        _keepAlive = _settings.KeepAlive;
        var writer = new CopsWriter(Output.Reserve(32), CopsOpCode.ClientAccept);
        writer.AddPair((byte)CopsClass.KeepAliveTimer, 1, 0, (ushort)_keepAlive.TotalSeconds);
        Commit(ref writer);
        if (_state != State.Closed) _state = State.Accepted;
    }

    private CopsInput HandleFromDecider(in CopsMessage message, TimeSpan now)
    {
        switch (message.Header.OpCode)
        {
            case CopsOpCode.KeepAlive:
                return CopsInput.None; // The echo; answering it would never end.
            case CopsOpCode.ClientClose when _state == State.Opening && message.Error == CopsErrorCode.UnableToProcess:
                OfferNextVersion();
                return CopsInput.None;
            case CopsOpCode.ClientClose:
                CloseError = message.Error;
                EndSession(CopsCloseReason.PeerClosed);
                return CopsInput.None;
            case CopsOpCode.ClientAccept when _state == State.Opening && _offered < _settings.Offered.Count:
                Version = _settings.Offered[_offered];
                _keepAlive = TimeSpan.FromSeconds(message.KeepAliveSeconds);
                if (_keepAlive > TimeSpan.Zero) ScheduleKeepAlive(now);
                SendRequest();
                if (_state == State.Closed) return CopsInput.None;
                _state = State.Open;
                return CopsInput.Opened;
            case CopsOpCode.Decision when _state == State.Open:
                if (IndexOfHandle(message.Handle) >= 0) return CopsInput.Message;
                SendDeleteRequest(message.Handle, CopsReasonCode.HandleUnknown);
                return CopsInput.None;
            case CopsOpCode.SynchronizeStateRequest when _state == State.Open:
                var writer = new CopsWriter(Output.Reserve(MaxHandleLength + 32), CopsOpCode.SynchronizeComplete, solicited: true);
                writer.AddBytes((byte)CopsClass.Handle, 1, _handles[0]);
                Commit(ref writer);
                return CopsInput.None;
            default:
                Refuse(CopsFault.BadFormat, CopsCloseReason.BadFrame);
                return CopsInput.None;
        }
    }

    private void OfferNextVersion()
    {
        _offered++;
        if (_offered < _settings.Offered.Count) SendOpen(_settings.Offered[_offered]);
        else if (_offered == _settings.Offered.Count) SendOpen(default); // 0.0 says: no version is left.
        else EndSession(CopsCloseReason.VersionRefused);
    }

    private void SendOpen(PcmmVersion version)
    {
        Span<byte> name = stackalloc byte[64];
        int length = Encoding.Latin1.GetBytes(_settings.Name.AsSpan(0, Math.Min(_settings.Name.Length, name.Length)), name);
        var writer = new CopsWriter(Output.Reserve(128), CopsOpCode.ClientOpen);
        writer.AddPepId(name[..length]);
        writer.BeginPayload(CopsClass.ClientSpecific, 1);
        writer.AddVersion(version);
        Commit(ref writer);
    }

    private void SendRequest()
    {
        var handle = new byte[4];
        _random.GetBytes(handle);
        _handles.Add(handle);
        var writer = new CopsWriter(Output.Reserve(32), CopsOpCode.Request);
        writer.AddBytes((byte)CopsClass.Handle, 1, handle);
        writer.AddUInt32((byte)CopsClass.Context, 1, ConfigurationContext);
        Commit(ref writer);
    }

    private void SendDeleteRequest(ReadOnlySpan<byte> handle, CopsReasonCode reason)
    {
        var writer = new CopsWriter(Output.Reserve(handle.Length + 32), CopsOpCode.DeleteRequestState);
        writer.AddBytes((byte)CopsClass.Handle, 1, handle);
        writer.AddPair((byte)CopsClass.Reason, 1, (ushort)reason, 0);
        Commit(ref writer);
    }

    private void SendKeepAlive()
    {
        var writer = new CopsWriter(Output.Reserve(CopsHeader.Size), CopsOpCode.KeepAlive);
        Commit(ref writer);
    }

    private void SendClose(CopsFault fault)
    {
        var writer = new CopsWriter(Output.Reserve(16), CopsOpCode.ClientClose);
        writer.AddPair((byte)CopsClass.Error, 1, (ushort)fault.Code, fault.SubCode);
        Commit(ref writer);
    }

    private void Refuse(CopsFault fault, CopsCloseReason reason)
    {
        if (_state == State.Closed) return;
        SendClose(fault);
        CloseError = fault.Code;
        EndSession(reason);
    }

    private void EndSession(CopsCloseReason reason)
    {
        if (_state == State.Closed) return;
        _state = State.Closed;
        CloseReason = reason;
    }

    private CopsInput TakeClosed()
    {
        if (_state != State.Closed || _closeReported) return CopsInput.None;
        _closeReported = true;
        return CopsInput.Closed;
    }

    private bool AddHandle(ReadOnlySpan<byte> handle)
    {
        if (IndexOfHandle(handle) >= 0) return true;
        if (handle.Length > MaxHandleLength || _handles.Count == MaxHandles)
        {
            Refuse(new CopsFault(CopsErrorCode.BadHandle), CopsCloseReason.BadFrame);
            return false;
        }
        _handles.Add(handle.ToArray());
        return true;
    }

    private int IndexOfHandle(ReadOnlySpan<byte> handle)
    {
        for (int i = 0; i < _handles.Count; i++)
        {
            if (handle.SequenceEqual(_handles[i])) return i;
        }
        return -1;
    }

    /// <summary>RFC 2748 section 4.4: at a random moment between one and three quarters of the interval.</summary>
    private void ScheduleKeepAlive(TimeSpan now)
    {
        Span<byte> bytes = stackalloc byte[4];
        _random.GetBytes(bytes);
        double share = 0.25 + (0.5 * (BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (double)uint.MaxValue));
        _nextKeepAlive = now + (_keepAlive * share);
    }

    /// <summary>A whole frame straight out of the input, or out of the buffer that collects a frame split over several inputs.</summary>
    private bool TryTakeFrame(ref ReadOnlySpan<byte> input, TimeSpan now, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (_partialTaken)
        {
            _partialTaken = false;
            _partialLength = _partialNeeded = 0;
        }
        if (_partialLength == 0)
        {
            if (input.IsEmpty) return false;
            if (input.Length >= CopsHeader.Size)
            {
                if (!TryReadLength(input, out int length)) return false;
                if (input.Length >= length)
                {
                    frame = input[..length];
                    input = input[length..];
                    return true;
                }
            }
            _frameDeadline = now + _settings.FrameTimeout;
            _partialNeeded = CopsHeader.Size;
        }
        if (!Fill(ref input)) return false;
        if (_partialNeeded == CopsHeader.Size)
        {
            if (!TryReadLength(_partial, out _partialNeeded)) return false;
            if (!Fill(ref input)) return false;
        }
        _frameDeadline = TimeSpan.MaxValue;
        _partialTaken = true;
        frame = _partial.AsSpan(0, _partialNeeded);
        return true;
    }

    private bool TryReadLength(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (CopsHeader.TryRead(bytes[..CopsHeader.Size], out CopsHeader header, out CopsFault fault))
        {
            length = header.Length;
            return true;
        }
        Refuse(fault, CopsCloseReason.BadFrame);
        return false;
    }

    private bool Fill(ref ReadOnlySpan<byte> input)
    {
        if (_partial.Length < _partialNeeded) Array.Resize(ref _partial, Math.Max(256, _partialNeeded));
        int count = Math.Min(input.Length, _partialNeeded - _partialLength);
        input[..count].CopyTo(_partial.AsSpan(_partialLength));
        input = input[count..];
        _partialLength += count;
        return _partialLength == _partialNeeded;
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
