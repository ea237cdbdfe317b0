using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>One Binding transaction from one socket to one STUN server, and the keep-alives of the mapping it made.</summary>
internal sealed class ReflexiveProbe(LocalSocket socket, TransportAddress server)
{
    private const int MaxSends = 6;
    private TransactionId id;
    private byte[] bytes = [];
    private int sends;
    private TimeSpan? due;
    private bool isKept;

    public LocalSocket Socket { get; } = socket;

    public TransportAddress Server { get; } = server;

    public bool IsStarted => sends > 0;

    /// <summary>True until the answer or the last time-out.</summary>
    public bool IsRunning { get; private set; } = true;

    public TimeSpan? NextDeadline(TimeSpan nextStart) => IsStarted ? due : nextStart;

    public void HandleDeadline(IceSession session, TimeSpan now, List<IceCommand> commands)
    {
        if (isKept)
        {
            due = now + session.Timings.KeepAlive;
            var keepAlive = CheckCodec.Indication(TransactionId.New(session.Random));
            commands.Add(new IceCommand.SendDatagram(Socket.Id, Server, keepAlive));
            return;
        }
        if (sends == MaxSends)
        {
            IsRunning = false;
            due = null;
            return;
        }
        if (sends == 0)
        {
            id = TransactionId.New(session.Random);
            bytes = CheckCodec.BindingRequest(id);
        }
        due = now + (session.Timings.Retransmission * (1 << sends));
        sends++;
        commands.Add(new IceCommand.SendDatagram(Socket.Id, Server, bytes));
    }

    /// <summary>True when the message answers this probe; the address is null for an error.</summary>
    public bool TryAnswer(in StunMessage message, TimeSpan now, IceTimings timings, out TransportAddress? mapped)
    {
        mapped = null;
        if (!IsRunning || !IsStarted || message.Method != StunMethod.Binding || message.TransactionId != id) return false;
        IsRunning = false;
        due = null;
        if (message.Class != StunClass.Success) return true;
        if (message.TryGetAddress(StunAttributeType.XorMappedAddress, out var address)
            || message.TryGetAddress(StunAttributeType.MappedAddress, out address)) mapped = address;
        if (mapped is not null && mapped != Socket.Address)
        {
            isKept = true;
            due = now + timings.KeepAlive;
        }
        return true;
    }

    public void StopKeepAlive()
    {
        isKept = false;
        if (!IsRunning) due = null;
    }
}
