using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MediaRelay.Dtls;

namespace MediaRelay.IO.Tests.Dtls;

/// <summary>What a client whose address is proven, and nothing else, may make a server keep; and that it harms no client whose datagrams overtake each other.</summary>
public sealed partial class EarlyRecordsTests : IDisposable
{
    private const int Sessions = 200;
    private const int MostPerSession = 160 * 1024;

    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly DtlsContext _context = new(DtlsPair.ServerCertificate, DtlsContextSettings.Turn);
    private readonly List<DtlsSession> _sessions = [];
    private readonly byte[] _buffer = new byte[2048];

    public void Dispose()
    {
        _sessions.ForEach(session => session.Dispose());
        _context.Dispose();
        _random.Dispose();
    }

    /// <summary>Messages that never become whole, bytes that they claim, records of the next epoch.</summary>
    [Theory]
    [InlineData(10, 100_000, 0)]
    [InlineData(10, 16_000, 0)]
    [InlineData(10, 1500, 0)]
    [InlineData(0, 0, 99)]
    [InlineData(10, 1500, 99)]
    public void A_half_open_handshake_costs_little_whatever_its_client_sends(int messages, int claimed, int records)
    {
        var hellos = Enumerable.Range(0, Sessions).Select(_ =>
        {
            using var pair = new DtlsPair(DtlsContextSettings.Turn, DtlsContextSettings.Turn);
            return Verified(pair.Client);
        }).ToList();
        var before = InUse();
        foreach (var hello in hellos)
        {
            var session = Accept(hello);
            for (var i = 0; i < messages; i++)
                session.HandleDatagram(Fragment(3 + i, claimed), TimeSpan.Zero);
            for (var i = 0; i < records; i++)
                session.HandleDatagram(NextEpoch(i), TimeSpan.Zero);
            Assert.Equal(DtlsState.Handshaking, session.State);
        }

        Assert.InRange((InUse() - before) / Sessions, 0, MostPerSession);
    }

    [Fact]
    public void A_client_whose_Finished_comes_first_and_again_is_connected()
    {
        using var pair = new DtlsPair(DtlsContextSettings.Turn, DtlsContextSettings.Turn);
        var server = Accept(Verified(pair.Client), pair.Client);
        Assert.True(pair.Client.TryTakeDatagram(_buffer, out var length));
        var flight = Records(_buffer.AsSpan(0, length));
        Assert.Equal([0, 0, 1], flight.Select(record => (int)record[4]));
        for (var i = 0; i < 4; i++)
            server.HandleDatagram(flight[2], TimeSpan.Zero);
        server.HandleDatagram(flight[0], TimeSpan.Zero);
        server.HandleDatagram(flight[1], TimeSpan.Zero);
        Assert.Equal(DtlsState.Connected, server.State);
    }

    /// <summary>A ClientHello with a cookie that the gate accepted.</summary>
    private byte[] Verified(DtlsSession client)
    {
        byte[] peer = [192, 0, 2, 1, 0x30, 0x39];
        var gate = new DtlsCookieGate(_random);
        client.Start(TimeSpan.Zero);
        var reply = new byte[DtlsCookieGate.ReplyLength];
        Assert.True(client.TryTakeDatagram(_buffer, out var length));
        Assert.Equal(DtlsCookieVerdict.SendReply, gate.Examine(_buffer.AsSpan(0, length), peer, TimeSpan.Zero, reply, out var replyLength));
        client.HandleDatagram(reply.AsSpan(0, replyLength), TimeSpan.Zero);
        Assert.True(client.TryTakeDatagram(_buffer, out length));
        return _buffer[..length];
    }

    private DtlsSession Accept(byte[] hello, DtlsSession? client = null)
    {
        Assert.True(DtlsSession.TryAcceptVerified(_context, hello, TimeSpan.Zero, 1400, out var session));
        _sessions.Add(session!);
        while (session!.TryTakeDatagram(_buffer, out var length))
            client?.HandleDatagram(_buffer.AsSpan(0, length), TimeSpan.Zero);
        return session;
    }

    private static List<byte[]> Records(ReadOnlySpan<byte> datagram)
    {
        var records = new List<byte[]>();
        for (int length; !datagram.IsEmpty; datagram = datagram[length..])
        {
            length = DtlsRecord.HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
            records.Add(datagram[..length].ToArray());
        }

        return records;
    }

    /// <summary>The first 1000 bytes of a ClientKeyExchange that says it is as long as claimed.</summary>
    private static byte[] Fragment(int number, int claimed)
    {
        var record = Record(epoch: 0, number, 12 + 1000);
        record[13] = 16;
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(15), (ushort)claimed);
        record[14] = (byte)(claimed >> 16);
        record[18] = (byte)number;
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(23), 1000);
        return record;
    }

    private static byte[] NextEpoch(int number) => Record(epoch: 1, number + 1, 1300);

    private static byte[] Record(byte epoch, int number, int length)
    {
        var record = new byte[DtlsRecord.HeaderLength + length];
        (record[0], record[1], record[2], record[4], record[10]) = (DtlsRecord.Handshake, 0xFE, 0xFD, epoch, (byte)(number + (epoch == 0 ? 100 : 0)));
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(11), (ushort)length);
        return record;
    }

    /// <summary>Bytes that the C library has given out, to OpenSSL above all.</summary>
    private static long InUse()
    {
        var state = mallinfo2();
        return (long)(state.InUse + state.Mapped);
    }

    [LibraryImport("libc.so.6")]
    private static partial MallocState mallinfo2();

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct MallocState
    {
        private readonly nuint _arena, _free, _small, _maps;
        public readonly nuint Mapped;
        private readonly nuint _high, _freeSmall;
        public readonly nuint InUse;
        private readonly nuint _freeTotal, _top;
    }
}
