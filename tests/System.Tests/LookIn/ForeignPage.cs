using System.Net;
using System.Text;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>A web page of somebody else, on an origin of its own: a video element and the player of the npm package whip-whep, unchanged.</summary>
internal sealed class ForeignPage : IDisposable
{
    private const string Page = """
        <!doctype html><title>somebody else's page</title><video id=v autoplay playsinline muted></video>
        <script type="module">
          import { WHEPClient } from './whep.js';
          window.view = async (url, token) => {
            const pc = window.pc = new RTCPeerConnection(), whep = window.whep = new WHEPClient();
            pc.addTransceiver('audio', { direction: 'recvonly' });
            pc.addTransceiver('video', { direction: 'recvonly' });
            pc.ontrack = e => { document.getElementById('v').srcObject = e.streams[0]; };
            await whep.view(pc, url, token);
            return whep.resourceURL.toString();
          };
        </script>
        """;

    private readonly HttpListener _listener = new();

    public ForeignPage(int port)
    {
        Origin = $"http://127.0.0.1:{port}";
        _listener.Prefixes.Add(Origin + "/");
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>Scheme, host and port, as a browser says them.</summary>
    public string Origin { get; }

    public void Dispose() => ((IDisposable)_listener).Dispose();

    private async Task ServeAsync()
    {
        string player = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "whip-whep", "whep.js"));
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            string? text = context.Request.Url!.AbsolutePath switch { "/" => Page, "/whep.js" => player, _ => null };
            context.Response.StatusCode = text is null ? 404 : 200;
            context.Response.ContentType = context.Request.Url.AbsolutePath == "/whep.js" ? "text/javascript" : "text/html";
            context.Response.Close(Encoding.UTF8.GetBytes(text ?? ""), willBlock: false);
        }
    }
}
