using System.Net;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras;

/// <summary>A camera that sends multipart/x-mixed-replace JPEG pictures over HTTP, or one JPEG per request.</summary>
public sealed class MjpegCamera : ICamera, IDisposable
{
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StillInterval = TimeSpan.FromSeconds(1);

    private readonly CameraAddress _address;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public MjpegCamera(CameraAddress address, TimeProvider time)
    {
        _address = address;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            Credentials = address.Credential is null ? null : new CredentialCache
            {
                { new Uri(address.Uri.GetLeftPart(UriPartial.Authority)), "Digest", address.Credential },
                { new Uri(address.Uri.GetLeftPart(UriPartial.Authority)), "Basic", address.Credential },
            },
        });
        _http.Timeout = Timeout.InfiniteTimeSpan;
    }

    public string Name => _address.ToString();

    public async Task RunAsync(ICameraSink sink, CancellationToken cancellation)
    {
        var track = new CameraTrack(0, MediaKind.Video, RtpCodec.Static(26)!) { IsPictures = true };
        var announced = false;
        try
        {
            while (true)
            {
                using var response = await _http.GetAsync(_address.Uri, HttpCompletionOption.ResponseHeadersRead, cancellation).WaitAsync(SilenceLimit, _time, cancellation);
                if (response.StatusCode != HttpStatusCode.OK)
                    throw new CameraException($"Camera {Name} answered {(int)response.StatusCode} {response.ReasonPhrase}.");
                var type = response.Content.Headers.ContentType;
                if (!announced) sink.HandleTracks([track], null);
                announced = true;
                await using var body = await response.Content.ReadAsStreamAsync(cancellation);
                var reader = new JpegStreamReader(body);
                while (await reader.ReadAsync(cancellation).AsTask().WaitAsync(SilenceLimit, _time, cancellation) is { Length: > 0 } picture)
                    sink.HandlePicture(0, picture.Span);
                if (type?.MediaType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
                    throw new CameraException($"Camera {Name} ended the picture stream.");
                await Task.Delay(StillInterval, _time, cancellation);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException)
        {
            throw new CameraException($"Camera {Name} cannot be read: {e.Message}", e);
        }
    }

    public void Dispose() => _http.Dispose();
}
