namespace MediaRelay.Dtls;

/// <summary>What to do with a datagram from an address that has no session.</summary>
public enum DtlsCookieVerdict
{
    /// <summary>Not a usable ClientHello: say nothing.</summary>
    Drop,

    /// <summary>Send the HelloVerifyRequest that was written; keep nothing.</summary>
    SendReply,

    /// <summary>The address is proven: make the session with <see cref="DtlsSession.TryAcceptVerified"/>.</summary>
    Accept,
}
