namespace MediaRelay.Dtls;

/// <summary>The life of a <see cref="DtlsSession"/>: New, then Handshaking, then Connected, then Closed; Failed from anywhere.</summary>
public enum DtlsState
{
    New,
    Handshaking,
    Connected,
    Closed,
    Failed,
}
