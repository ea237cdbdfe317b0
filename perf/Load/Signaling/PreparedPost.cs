using System.Buffers.Text;
using System.Globalization;
using System.Text;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Load.Signaling;

/// <summary>A POST of events written once as octets; for the next one only the digits of its numbers change, so that the generator costs little.</summary>
internal sealed class PreparedPost
{
    private const int Digits = 9;
    private const ulong First = 100_000_000;

    private readonly byte[] _request;
    private readonly List<(int Offset, int Event)> _places = [];
    private readonly int _batch;
    private ulong _next;

    public PreparedPost(string gateway, string epoch, int batch, EventPriority priority = EventPriority.Status)
    {
        _batch = batch;
        var x = new XmlOutput();
        SmaWriter.StartEvents(x, gateway, epoch);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        for (ulong i = 0; i < (ulong)batch; i++)
        {
            SmaWriter.WriteEvent(x, new SmaEvent
            {
                Id = string.Create(CultureInfo.InvariantCulture, $"{epoch}-{First + i}"), Seq = First + i, Time = now, Kind = SmaEventKinds.DeviceState, Priority = priority,
                Device = new DeviceBody { Ref = "zone-15", Properties = [new DeviceProperty("contact", (i & 1) == 0 ? "open" : "closed", now)] },
            });
        }

        x.End("events"u8);
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"POST /sma/1/gw/{gateway}/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\nContent-Length: {x.Written.Length}\r\n\r\n"));
        _request = [.. head, .. x.Written];
        for (int i = 0; i < batch; i++)
        {
            byte[] number = Encoding.ASCII.GetBytes((First + (ulong)i).ToString(CultureInfo.InvariantCulture));
            for (int at = _request.AsSpan().IndexOf(number); at >= 0;)
            {
                _places.Add((at, i));
                int further = _request.AsSpan(at + Digits).IndexOf(number);
                at = further < 0 ? -1 : at + Digits + further;
            }
        }
    }

    /// <summary>The request with the next numbers; valid until the next call. Numbers are written with leading zeros.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        foreach ((int offset, int i) in _places)
            Utf8Formatter.TryFormat(_next + (ulong)i + 1, _request.AsSpan(offset, Digits), out _, new System.Buffers.StandardFormat('D', Digits));
        _next += (ulong)_batch;
        return _request;
    }

    /// <summary>The same request again.</summary>
    public ReadOnlyMemory<byte> Again => _request;
}
