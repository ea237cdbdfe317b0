#pragma warning disable CA1822
using MediaRelay.Stun;
namespace MediaRelay.Media.Ice;
internal sealed class RelayPath(IceSession session, IceServer configured, int socketId, int streamId, int order, TimeSpan startAt)
{
    public const int Headroom = 64;
    public const int Tailroom = 4;
    public IceServer Configured { get; } = configured;
    public TransportAddress Server { get; } = configured.Address;
    public int SocketId { get; } = socketId;
    public int StreamId { get; } = streamId;
    public int Order { get; } = order;
    public TimeSpan StartAt { get; } = startAt;
    public bool IsStarted { get; private set; }
    public bool IsGathering => false;
    public bool IsLost { get; private set; } = session.IsLite;
    public LocalBase? Base { get; set; }
    public TransportAddress? Relayed => null;
    public TransportAddress Mapped => default;
    public TimeSpan? NextDeadline => null;
    public void Start(TimeSpan now, List<IceCommand> commands) => IsStarted = true;
    public void HandleDeadline(TimeSpan now, List<IceCommand> commands) { }
    public void Send(TransportAddress to, byte[] bytes, TimeSpan now, List<IceCommand> commands) { }
    public void Permit(TransportAddress peer, TimeSpan now, List<IceCommand> commands) { }
    public void Bind(TransportAddress peer, TimeSpan now, List<IceCommand> commands) { }
    public void Close(TimeSpan now, List<IceCommand> commands) { }
    public void Abandon() => IsLost = true;
    public void HandleStreamOpened(TransportAddress local, TimeSpan now, List<IceCommand> commands) { }
    public void HandleStreamClosed(TimeSpan now, List<IceCommand> commands) { }
    public void HandleStreamBytes(ReadOnlySpan<byte> bytes, TimeSpan now, List<IceCommand> commands) { }
    public bool TryTakeFrame(TimeSpan now, List<IceCommand> commands, out ReadOnlySpan<byte> frame) { frame = default; return false; }
    public bool TryUnwrap(ReadOnlySpan<byte> d, TimeSpan now, out TransportAddress peer, out ReadOnlySpan<byte> inner) { peer = default; inner = default; return false; }
    public bool TryWrap(Span<byte> buffer, int offset, int length, TransportAddress peer, out IceRoute route) { route = default; return false; }
    public bool TryHandleControl(ReadOnlySpan<byte> d, TimeSpan now, List<IceCommand> commands) => false;
}
