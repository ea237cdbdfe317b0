using System.Net.Sockets;
using System.Text;

namespace MediaRelay.Server.Hosting;

/// <summary>Tells systemd about readiness and stopping (sd_notify(3)): one datagram to the socket that NOTIFY_SOCKET names. Without it, does nothing.</summary>
internal static class SystemdNotifier
{
    public static void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    public static void Stopping() => Send("STOPPING=1\nSTATUS=draining");

    private static void Send(string state)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
        {
            return;
        }

        try
        {
            // A leading @ means the abstract name space, where the name starts with a zero byte.
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        }
        catch (SocketException)
        {
            // systemd is gone or the path is wrong: serving matters more than reporting it.
        }
    }
}
