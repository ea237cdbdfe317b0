using Microsoft.Win32.SafeHandles;

namespace MediaRelay.Dtls;

/// <summary>Owns one SSL object and the two memory BIOs attached to it.</summary>
internal sealed class SslHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public SslHandle() : base(ownsHandle: true) { }

    internal SslHandle(nint ssl) : base(ownsHandle: true) => SetHandle(ssl);

    protected override bool ReleaseHandle()
    {
        OpenSsl.SSL_free(handle);
        return true;
    }
}
