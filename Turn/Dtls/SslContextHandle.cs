using Microsoft.Win32.SafeHandles;

namespace MediaRelay.Dtls;

/// <summary>Owns one SSL_CTX; sessions made from it keep their own count in OpenSSL.</summary>
internal sealed class SslContextHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public SslContextHandle() : base(ownsHandle: true) { }

    internal SslContextHandle(nint context) : base(ownsHandle: true) => SetHandle(context);

    protected override bool ReleaseHandle()
    {
        OpenSsl.SSL_CTX_free(handle);
        return true;
    }
}
