package org.relay4j.netty;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.nio.NioIoHandler;

/** The event loops that programs use. */
enum Loops {
    NIO {
        @Override
        EventLoopGroup open() {
            return new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
        }
    },
    LOCAL {
        @Override
        EventLoopGroup open() {
            return new MultiThreadIoEventLoopGroup(2, LocalIoHandler.newFactory());
        }
    },
    WITHOUT_IO {
        @Override
        @SuppressWarnings("deprecation") // as long as Netty has it
        EventLoopGroup open() {
            return new io.netty.channel.DefaultEventLoopGroup(2);
        }
    };

    abstract EventLoopGroup open();
}
