namespace MediaRelay.Dtls;

/// <summary>Which side sends the ClientHello (SDP <c>setup:active</c> is the client, RFC 5763 section 5).</summary>
public enum DtlsRole
{
    Client,
    Server,
}
