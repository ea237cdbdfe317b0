namespace MediaRelay.Dtls;

/// <summary>A certificate, key or setting that OpenSSL does not take, or a call made in the wrong state; never thrown for what a peer sends.</summary>
public sealed class DtlsException : Exception
{
    public DtlsException() { }

    public DtlsException(string message) : base(message) { }

    public DtlsException(string message, Exception inner) : base(message, inner) { }
}
