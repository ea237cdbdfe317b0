namespace MediaRelay.Turn.Client;

/// <summary>A permission or a channel: until when it holds, and when to renew it.</summary>
internal sealed class PeerState
{
    public ushort Channel { get; init; }

    /// <summary>False until the server has confirmed it.</summary>
    public bool IsInstalled { get; set; }

    /// <summary>A ChannelBind is on its way.</summary>
    public bool IsPending { get; set; }

    /// <summary>Null while a request is on its way.</summary>
    public TimeSpan? RenewAt { get; set; }
}
