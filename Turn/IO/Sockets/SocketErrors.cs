using System.Net.Sockets;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>Turns the kernel's error numbers into the framework's exceptions, with the address in front of the text.</summary>
internal static class SocketErrors
{
    public static SocketException ToException(int error, TransportAddress address)
    {
        var code = error switch
        {
            LibC.Eperm or 13 => SocketError.AccessDenied,
            LibC.Eaddrinuse => SocketError.AddressAlreadyInUse,
            99 => SocketError.AddressNotAvailable,
            97 => SocketError.AddressFamilyNotSupported,
            24 or 23 => SocketError.TooManyOpenSockets,
            _ => SocketError.SocketError,
        };
        return new SocketException((int)code, address.ToString());
    }
}
