using System.Net.Sockets;
using MediaRelay.System.Tests.Turn;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>HTTP from inside a network namespace: the socket is made there, and a socket stays where it was made.</summary>
internal static class NamespaceHttp
{
    public static SocketsHttpHandler Handler(string space) => new()
    {
        ConnectCallback = async (context, cancellation) =>
        {
            Socket socket = Namespaces.Run(space, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}
