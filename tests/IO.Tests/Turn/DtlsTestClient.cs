using System.Net;
using System.Net.Sockets;
using MediaRelay.Dtls;
using MediaRelay.IO.Tests.Dtls;
using MediaRelay.Stun;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>A DTLS client on a socket of its own that goes as far in the handshake as it is told.</summary>
internal sealed class DtlsTestClient : IDisposable
{
    private static readonly DtlsContext Context = new(DtlsPair.ClientCertificate, DtlsContextSettings.Turn);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
    private readonly DtlsSession _session = new(Context, DtlsRole.Client, 1400);
    private readonly byte[] _buffer = new byte[2048];
    private byte _question;

    /// <summary>Returns the cookie and waits for the server's flight, which is left unanswered.</summary>
    public DtlsTestClient(TransportAddress server)
    {
        _socket.Connect(server.ToEndPoint());
        _session.Start(TimeSpan.Zero);
        Send();
        Receive(); // The cookie.
        Send();
        _ = _socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
    }

    public bool IsConnected => _session.State == DtlsState.Connected;

    /// <summary>Whether the server sent something that was not read yet.</summary>
    public bool HasHeard => _socket.Available > 0;

    public static DtlsTestClient Connect(TransportAddress server)
    {
        var client = new DtlsTestClient(server);
        client.Answer();
        client.Finish();
        return client;
    }

    public void SendRaw(ReadOnlySpan<byte> datagram) => _ = _socket.Send(datagram);

    /// <summary>Reads the server's flight and sends the last flight.</summary>
    public void Answer()
    {
        // All that came is read before anything is said, so that what comes afterwards is the answer.
        do
        {
            do
                Receive();
            while (HasHeard);
        }
        while (!Send());
    }

    /// <summary>Reads the end of the handshake.</summary>
    public void Finish()
    {
        while (!IsConnected)
            Receive();
    }

    /// <summary>Asks for a Binding and waits for its answer.</summary>
    public void Ask()
    {
        var question = new byte[20];
        var writer = new StunWriter(question, StunMethod.Binding, StunClass.Request, TransactionId.FromBytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ++_question]));
        Assert.True(_session.Write(question.AsSpan(0, writer.Length)));
        _ = Send();
        int length;
        while ((length = _session.Read(_buffer)) == 0)
            Receive();
        Assert.True(StunMessage.TryRead(_buffer.AsSpan(0, length), out var answer, out _));
        Assert.Equal((StunClass.Success, (UInt128)_question), (answer.Class, answer.TransactionId.Bits));
    }

    /// <summary>Says good-bye.</summary>
    public void Close()
    {
        _session.Close();
        _ = Send();
    }

    public void Dispose()
    {
        _session.Dispose();
        _socket.Dispose();
    }

    private bool Send()
    {
        var sent = false;
        for (; _session.TryTakeDatagram(_buffer, out var length); sent = true)
            _ = _socket.Send(_buffer.AsSpan(0, length));
        return sent;
    }

    private void Receive() => _session.HandleDatagram(_buffer.AsSpan(0, _socket.Receive(_buffer)), TimeSpan.Zero);
}
