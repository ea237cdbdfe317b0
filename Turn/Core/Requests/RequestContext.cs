using MediaRelay.Stun;
using MediaRelay.Turn.Access;

namespace MediaRelay.Turn.Requests;

/// <summary>One request on its way through the engine: what came in, where the answer goes, what was found out.</summary>
internal ref struct RequestContext
{
    public StunMessage Message;
    public FiveTuple From;
    public RelayListener Listener;
    public TimeSpan Now;
    public DateTimeOffset UtcNow;
    public Span<byte> Reply;
    public List<RelayCommand> Commands;
    public Caller Caller;

    /// <summary>Position of the allocation behind the five-tuple, ticket or connection id; -1 when there is none.</summary>
    public int Allocation;

    /// <summary>The user name, empty when only its hash was sent.</summary>
    public ReadOnlySpan<byte> UserName;
}
