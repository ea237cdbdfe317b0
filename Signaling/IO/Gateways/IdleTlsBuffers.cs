using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// Has OpenSSL give back the two 17 kB record buffers of a TLS connection while it is idle: a gateway holds one GET for 25 s, and there may be
/// a hundred thousand of them. .NET has no setting for this mode, and OpenSSL's configuration file has none either; but OpenSSL calls
/// whoever asked for a place of his own in its contexts when it makes one, and there the mode can be set.
/// </summary>
/// <remarks>Only documented functions are used. Where the library has another name or order of construction the connections just stay as large as they were.</remarks>
internal static unsafe partial class IdleTlsBuffers
{
    /// <summary><c>SSL_MODE_RELEASE_BUFFERS</c>.</summary>
    internal const nint ReleaseBuffers = 0x10;

    /// <summary><c>SSL_CTRL_MODE</c>: adds to a context's modes and answers all of them.</summary>
    internal const int ControlMode = 33;

    private const string Ssl = "libssl.so.3";
    private const int ContextClass = 1;

    private static readonly Lock s_lock = new();
    private static bool s_isAsked;

    /// <summary>From now on every TLS context of this process is made with the mode; false when this system's OpenSSL does not offer it.</summary>
    public static bool TryRelease()
    {
        lock (s_lock)
        {
            if (s_isAsked)
                return true;
            try
            {
                s_isAsked = GetNewIndex(ContextClass, 0, 0, &Made, null, null) >= 0;
            }
            catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
            {
                return false;
            }

            return s_isAsked;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Made(nint context, nint value, nint data, int index, nint number, nint argument) => Control(context, ControlMode, ReleaseBuffers, 0);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_ctrl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static partial nint Control(nint context, int command, nint number, nint pointer);

    [LibraryImport("libcrypto.so.3", EntryPoint = "CRYPTO_get_ex_new_index")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetNewIndex(int ofClass, nint number, nint argument, delegate* unmanaged[Cdecl]<nint, nint, nint, int, nint, nint, void> made, void* copied, void* freed);
}
