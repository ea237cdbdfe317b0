using System.Runtime.InteropServices;
using MediaRelay.Signaling.IO.Gateways;

namespace MediaRelay.Signaling.Tests.Server;

/// <summary>An idle TLS connection keeps no record buffers.</summary>
public sealed partial class IdleTlsBuffersTests
{
    [Fact]
    public void Every_context_made_afterwards_gives_its_buffers_back()
    {
        Assert.True(IdleTlsBuffers.TryRelease());
        Assert.True(IdleTlsBuffers.TryRelease());
        nint context = New(Method());
        Assert.NotEqual(0, context);
        try
        {
            Assert.Equal(IdleTlsBuffers.ReleaseBuffers, IdleTlsBuffers.Control(context, IdleTlsBuffers.ControlMode, 0, 0) & IdleTlsBuffers.ReleaseBuffers);
        }
        finally
        {
            Free(context);
        }
    }

    [LibraryImport("libssl.so.3", EntryPoint = "TLS_method")]
    private static partial nint Method();

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_new")]
    private static partial nint New(nint method);

    [LibraryImport("libssl.so.3", EntryPoint = "SSL_CTX_free")]
    private static partial void Free(nint context);
}
