package org.relay4j.examples.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests in pieces, with bounded memory: it reads only while the visitor reads the reply, and writes only while the
 * channel is writable.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel
final class StreamingHandler extends SimpleChannelInboundHandler<HttpObject> {
    private static final int PIECE = 64 * 1024; // bytes

    private boolean echoes; // the current request is echoed
    private @Nullable MessageDigest digest; // of the content of the current request
    private Random random = new Random(0);
    private int left; // bytes of the current random reply

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
        if (message instanceof HttpRequest request) begin(context, request);
        if (!(message instanceof HttpContent content)) return;
        if (digest != null) digest(context, digest, content);
        else if (echoes) context.write(content.retain());
        if (message instanceof LastHttpContent) echoes = false;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (left > 0) writeRandom(context);
        else context.channel().config().setAutoRead(context.channel().isWritable());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        System.err.println("connection to a visitor lost: " + failure.getMessage());
        context.close();
    }

    private void begin(ChannelHandlerContext context, HttpRequest request) {
        if (HttpUtil.is100ContinueExpected(request)) {
            context.write(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
        }
        if (request.method().equals(HttpMethod.POST) && request.uri().equals("/digest")) {
            digest = sha256();
            return;
        }
        if (request.method().equals(HttpMethod.POST) && request.uri().equals("/echo")) {
            echoes = true;
            HttpResponse reply = ok();
            HttpUtil.setTransferEncodingChunked(reply, true);
            context.write(reply);
            return;
        }
        int length = request.method().equals(HttpMethod.GET) ? length(request.uri()) : -1;
        if (length < 0) {
            DefaultFullHttpResponse reply =
                    new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND);
            HttpUtil.setContentLength(reply, 0);
            context.write(reply);
            return;
        }
        HttpResponse reply = ok();
        HttpUtil.setContentLength(reply, length);
        context.write(reply);
        random = new Random(length); // the same bytes each time for the same length
        left = length;
        context.channel().config().setAutoRead(false); // finish this reply before the next request
        writeRandom(context);
    }

    /** Answers with the SHA-256 of the whole content. */
    private void digest(ChannelHandlerContext context, MessageDigest sum, HttpContent content) {
        for (ByteBuffer part : content.content().nioBuffers()) sum.update(part);
        if (!(content instanceof LastHttpContent)) return;
        digest = null;
        byte[] text = HexFormat.of().formatHex(sum.digest()).getBytes(StandardCharsets.US_ASCII);
        HttpResponse reply = ok();
        HttpUtil.setContentLength(reply, text.length);
        context.write(reply);
        context.write(
                new DefaultLastHttpContent(context.alloc().buffer(text.length).writeBytes(text)));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    private static HttpResponse ok() {
        HttpResponse reply = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        reply.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/octet-stream");
        return reply;
    }

    /** Returns n of GET /random/n; -1 for any other request. */
    private static int length(String uri) {
        try {
            return uri.startsWith("/random/") ? Integer.parseInt(uri.substring("/random/".length())) : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private void writeRandom(ChannelHandlerContext context) {
        while (left > 0 && context.channel().isWritable()) {
            byte[] piece = new byte[PIECE];
            random.nextBytes(piece);
            int length = Math.min(left, PIECE);
            ByteBuf bytes = context.alloc().buffer(length).writeBytes(piece, 0, length);
            left -= length;
            context.writeAndFlush(new DefaultHttpContent(bytes));
        }
        if (left > 0) return; // channelWritabilityChanged continues
        context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        context.channel().config().setAutoRead(context.channel().isWritable());
    }
}
